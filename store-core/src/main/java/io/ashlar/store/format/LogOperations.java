package io.ashlar.store.format;

import io.ashlar.store.BlobStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The operations of one log record ({@link OperationFormat}), one after another.
 *
 * <p>They are copied to the heap at once and decoded there, as {@link IndexCheckpointEntries} are
 * and for the same reason. Every operation is some words of 8 bytes long; the first has kind, flags
 * and checksum, the next two the id.
 *
 * <pre>
 *   read(record) ──▶ before the first ── next() ──▶ at an operation ── next() … false ──▶ at the end
 * </pre>
 *
 * <p>Thread: one at a time. Memory: as much heap as the longest record read, used again and again.
 */
public final class LogOperations {

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int ID_HIGH = 1;
  private static final int ID_LOW = 2;
  private static final int START_BLOCK = 3;
  private static final int LENGTH = 4;
  private static final int NEW_BLOCK = 5;

  private static final int PUT_WORDS = OperationFormat.PUT_BYTES / Long.BYTES;
  private static final int OPERATIONS_A_STEP = 32;

  private long[] words = new long[0];
  private int end;
  private int at;
  private int wordCount; // of the operation at hand; 0 before the first

  /** Creates one without operations. */
  public LogOperations() {}

  /**
   * Takes the operations of a record whose checksum is right.
   *
   * @return whether as many as its epochs claim are there, each is well formed and the padding
   *     behind them is zero; if not, there is nothing to be had.
   */
  public boolean read(MemorySegment record) {
    end = 0;
    at = 0;
    wordCount = 0;
    int epochs = LogRecordFormat.epochs(record);
    int operations = LogRecordFormat.operations(record);
    if (epochs < 0 || epochs > LogRecordFormat.EPOCHS_MAX || operations < 0) {
      return false;
    }
    long offset = LogRecordFormat.operationsOffset(record);
    long bytes = LogRecordFormat.bytes(record) - offset;
    if (bytes < 0
        || bytes % Long.BYTES != 0
        || offset + bytes > record.byteSize()
        || countOfEpochs(record, epochs) != operations) {
      return false;
    }
    int count = (int) bytes / Long.BYTES;
    int padded = (int) (record.byteSize() - offset) / Long.BYTES;
    if (words.length < padded) {
      words = new long[Math.max(padded, 2 * words.length)];
    }
    MemorySegment.copy(record, LONG, offset, words, 0, padded);
    boolean whole = areZero(count, padded) && areWellFormed(operations, count);
    end = whole ? count : 0;
    return whole;
  }

  private boolean areZero(int from, int to) {
    long all = 0;
    for (int i = from; i < to; i++) {
      all |= words[i];
    }
    return all == 0;
  }

  private static long countOfEpochs(MemorySegment record, int epochs) {
    long counted = 0;
    for (int i = 0; i < epochs; i++) {
      counted += Integer.toUnsignedLong(LogRecordFormat.epochOperations(record, i));
    }
    return counted;
  }

  private boolean areWellFormed(int operations, int count) {
    int offset = 0;
    int rest = operations;
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
      if ((int) words[i] != OperationFormat.PUT
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

  /**
   * Copies the operation, for {@link #lookAt}.
   *
   * @return how many words of 8 bytes it has.
   */
  public int copyTo(long[] target, int offset) {
    System.arraycopy(words, at, target, offset, wordCount);
    return wordCount;
  }

  /**
   * Copies a put as the entry of an index checkpoint ({@link IndexCheckpointEntries}).
   *
   * @return how many words of 8 bytes that has.
   */
  public int copyAsEntry(long[] target, int offset, long version) {
    target[offset] = words[at]; // kind, flags and checksum are the same in both formats
    target[offset + IndexCheckpointEntries.ID_HIGH] = words[at + ID_HIGH];
    target[offset + IndexCheckpointEntries.ID_LOW] = words[at + ID_LOW];
    target[offset + IndexCheckpointEntries.ENTRY_VERSION] = version;
    target[offset + IndexCheckpointEntries.LENGTH] = words[at + LENGTH];
    target[offset + IndexCheckpointEntries.START_BLOCK] = words[at + START_BLOCK];
    return IndexCheckpointEntries.STORED_WORDS;
  }

  /** Moves to an operation that was copied: the only one then. */
  public void lookAt(long[] copied, int offset) {
    words = copied;
    at = offset;
    wordCount = OperationFormat.bytes(kind()) / Long.BYTES;
    end = offset + wordCount;
  }

  /** Writes the operation as it lies in its record to the beginning of {@code target}. */
  public void writeTo(MemorySegment target) {
    MemorySegment.copy(words, at, target, LONG, 0, wordCount);
  }
}
