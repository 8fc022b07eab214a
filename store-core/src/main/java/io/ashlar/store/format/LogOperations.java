package io.ashlar.store.format;

import io.ashlar.store.BlobStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The operations of one log record ({@link OperationFormat}), one after another, in the array that
 * the record was copied to ({@link LogRecord}).
 *
 * <p>Every operation is some words of 8 bytes long; the first has kind, flags and checksum, the
 * next two the id. Code that takes many puts reads them in the array itself, with the offsets
 * below, for the same reason as {@link IndexCheckpointBuckets}.
 *
 * <pre>
 *   read ──▶ before the first ── next() ──▶ at an operation ── next() … false ──▶ at the end
 *                                                │
 *                                                └─ skipPuts(n) ──▶ behind n of them
 * </pre>
 *
 * <p>Thread: one at a time. Memory: the array is the record's.
 */
public final class LogOperations {

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The word with the upper half of the id. */
  public static final int ID_HIGH = 1;

  /** The word with the lower half of the id. */
  public static final int ID_LOW = 2;

  /** The word with the first block of a put. */
  public static final int START_BLOCK = 3;

  /** The word with the length of a put. */
  public static final int LENGTH = 4;

  /** The bits of an operation's first word for the checksum, where an entry's content has it. */
  public static final long CRC32C_MASK = -1L << Integer.SIZE;

  /** How many words a put has. */
  public static final int PUT_WORDS = OperationFormat.PUT_BYTES / Long.BYTES;

  /** The lower half of the first word of a put without a checksum table. */
  public static final int PLAIN_PUT = OperationFormat.PUT;

  private static final int NEW_BLOCK = 5;
  private static final int OPERATIONS_A_STEP = 24; // so few that the JVM soon compiles one

  private long[] words = new long[0];
  private int first;
  private int end;
  private int at;
  private int wordCount; // of the operation at hand; 0 before the first

  /** Creates one without operations. */
  public LogOperations() {}

  /**
   * Takes the operations of a record whose checksum is right.
   *
   * @param record the words of the record.
   * @param from where the first operation begins.
   * @param to where the last one ends.
   * @param padded where the record does.
   * @param claimed how many operations it has.
   * @return whether as many are there, each is well formed, and the padding after them is zero; if
   *     not, no operation can be read.
   */
  boolean read(long[] record, int from, int to, int padded, int claimed) {
    words = record;
    first = from;
    boolean whole = areZero(to, padded) && areWellFormed(claimed, from, to);
    end = whole ? to : from;
    rewind();
    return whole;
  }

  void rewind() {
    at = first;
    wordCount = 0;
  }

  private boolean areZero(int from, int to) {
    long all = 0;
    int i = from;
    for (; i <= to - 8; i += 8) { // so few rounds that the JVM finds nothing worth compiling
      all |= words[i] | words[i + 1] | words[i + 2] | words[i + 3];
      all |= words[i + 4] | words[i + 5] | words[i + 6] | words[i + 7];
    }
    for (; i < to; i++) {
      all |= words[i];
    }
    return all == 0;
  }

  private boolean areWellFormed(int claimed, int from, int count) {
    int offset = from;
    int rest = claimed;
    while (rest > 0) {
      int puts = plainPuts(offset, Math.min(rest, (count - offset) / PUT_WORDS));
      offset += puts * PUT_WORDS;
      rest -= puts;
      if (puts < OPERATIONS_A_STEP && rest > 0) {
        int length = offset >= count ? -1 : wellFormedWords(offset, count);
        if (length < 0) {
          return false;
        }
        offset += length;
        rest--;
      }
    }
    return offset == count;
  }

  /**
   * Returns how many well-formed puts without a checksum table lie from {@code offset} on: of
   * {@code most}, and so few that the JVM soon compiles this.
   */
  private int plainPuts(int offset, int most) {
    int max = Math.min(most, OPERATIONS_A_STEP);
    int puts = 0;
    for (int i = offset; puts < max; i += PUT_WORDS) {
      long start = words[i + START_BLOCK];
      long length = words[i + LENGTH];
      if ((int) words[i] != PLAIN_PUT
          || length < 0
          || length > BlobStore.BLOB_BYTES_MAX
          || start < 0
          || start > OperationFormat.BLOCK_MAX) {
        break;
      }
      puts++;
    }
    return puts;
  }

  /**
   * Returns how many words the operation at {@code offset} has, or −1 when it is not well formed.
   */
  private int wellFormedWords(int offset, int count) {
    long first = words[offset];
    int kind = kindOf(first);
    int length = OperationFormat.bytes(kind) / Long.BYTES;
    if (length <= 0 || offset + length > count || (first >>> 16 & 0xffff) != 0) {
      return -1;
    }
    int flags = (int) (first >>> 8) & 0xff;
    boolean right = flags == 0;
    if (kind == OperationFormat.PUT) {
      long bytes = words[offset + LENGTH];
      right =
          bytes >= 0
              && bytes <= BlobStore.BLOB_BYTES_MAX
              && (flags == 0 || (flags == OperationFormat.TABLE && bytes > 0))
              && OperationFormat.isBlock(words[offset + START_BLOCK]);
    } else if (kind == OperationFormat.RELOCATE) {
      right &= OperationFormat.isBlock(words[offset + NEW_BLOCK]);
    }
    return right ? length : -1;
  }

  private static int kindOf(long first) {
    return (byte) first;
  }

  /** Moves to the next operation; false when there is none. */
  public boolean next() {
    at += wordCount;
    boolean found = at < end;
    wordCount = found ? OperationFormat.bytes(kindOf(words[at])) / Long.BYTES : 0;
    return found;
  }

  /** Returns {@link OperationFormat#PUT} or another of its kinds. */
  public int kind() {
    return kindOf(words[at]);
  }

  /** Returns the upper half of the id. */
  public long idHigh() {
    return words[at + ID_HIGH];
  }

  /** Returns the lower half of the id. */
  public long idLow() {
    return words[at + ID_LOW];
  }

  /** Returns whether a put's blob has a checksum table. */
  public boolean hasTable() {
    return ((int) (words[at] >>> 8) & 0xff) == OperationFormat.TABLE;
  }

  /** Returns a put's checksum. */
  public int crc32c() {
    return (int) (words[at] >>> Integer.SIZE);
  }

  /** Returns a put's first block. */
  public long startBlock() {
    return words[at + START_BLOCK];
  }

  /** Returns a put's length in bytes. */
  public long length() {
    return words[at + LENGTH];
  }

  /** Returns the words of the record; those after the current operation are never changed. */
  public long[] words() {
    return words;
  }

  /** Returns where in it the next operation begins. */
  public int nextOffset() {
    return at + wordCount;
  }

  /** Returns how many puts may follow the current operation. */
  public int putsMax() {
    return (end - nextOffset()) / PUT_WORDS;
  }

  /** Moves past {@code count} puts without checksum tables, which the caller has found there. */
  public void skipPuts(int count) {
    at = nextOffset() + count * PUT_WORDS;
    wordCount = 0;
  }

  /**
   * Copies the operation, for {@link #lookAt}.
   *
   * @return how many words of 8 bytes it has.
   */
  public int copyTo(long[] target, int offset) {
    System.arraycopy(words, at, target, offset, wordCount);
    return wordCount;
  }

  /** Makes up the entry ({@link EntryFormat}) that a put leaves. */
  public void copyAsEntry(long[] target, int offset, long version) {
    target[offset + EntryFormat.ID_HIGH] = words[at + ID_HIGH];
    target[offset + EntryFormat.ID_LOW] = words[at + ID_LOW];
    target[offset + EntryFormat.PLACE] = EntryFormat.place(EntryFormat.STORED, startBlock(), 0);
    target[offset + EntryFormat.VERSION] = version;
    target[offset + EntryFormat.CONTENT] =
        EntryFormat.content((int) length(), crc32c(), hasTable());
  }

  /** Moves to an operation that was copied: the only one then. */
  public void lookAt(long[] copied, int offset) {
    words = copied;
    first = offset;
    at = offset;
    wordCount = OperationFormat.bytes(kind()) / Long.BYTES;
    end = offset + wordCount;
  }

  /** Writes the operation as it lies in its record to the beginning of {@code target}. */
  public void writeTo(MemorySegment target) {
    MemorySegment.copy(words, at, target, LONG, 0, wordCount);
  }
}
