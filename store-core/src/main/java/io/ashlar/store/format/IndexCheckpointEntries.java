package io.ashlar.store.format;

import io.ashlar.store.BlobStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The entries of one index checkpoint chunk ({@link IndexCheckpointFormat}), one after another.
 *
 * <p>They are copied to the heap, a window at a time, and decoded there: an open reads millions of
 * them before the JVM has compiled anything well, and plain array reads are what it is fast at from
 * the start. For the same reason whoever reads many stored blobs does so in the array itself, with
 * the offsets below, which count words of 8 bytes.
 *
 * <pre>
 *   read(chunk) ──▶ before the first ── next() ──▶ at an entry ── next() … false ──▶ at the end
 *                                                        │
 *                                                        └─ skipStored(n) ──▶ behind n of them
 * </pre>
 *
 * <p>Thread: one at a time. Memory: 64 KiB of heap, used again and again; the chunk is read until
 * the last entry is.
 */
public final class IndexCheckpointEntries {

  /** The word with kind, flags and, in its upper half, the checksum. */
  public static final int FIRST = 0;

  /** The word with the upper half of the id. */
  public static final int ID_HIGH = 1;

  /** The word with the lower half of the id. */
  public static final int ID_LOW = 2;

  /** The word with the version. */
  public static final int ENTRY_VERSION = 3;

  /** The word with the length. */
  public static final int LENGTH = 4;

  /** The word with the first block of a stored blob. */
  public static final int START_BLOCK = 5;

  /** How many words the entry of a stored blob has. */
  public static final int STORED_WORDS = IndexCheckpointFormat.ENTRY_BYTES_STORED / Long.BYTES;

  /** The lower half of the first word of a stored blob without a checksum table. */
  public static final int PLAIN_STORED = IndexCheckpointFormat.STORED;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int WORDS_MAX = 1 << 13;
  private static final int ENTRY_WORDS_MAX = IndexCheckpointFormat.ENTRY_BYTES_MAX / Long.BYTES;

  private final long[] words = new long[WORDS_MAX];
  private MemorySegment chunk = MemorySegment.NULL;
  private long windowEnd; // bytes of the chunk up to the end of the window
  private long chunkEnd; // bytes of the chunk up to the end of the entries
  private int end; // of the window, in words
  private int at;
  private int kind;
  private int wordCount; // of the entry at hand; 0 before the first
  private int rest; // entries that the chunk claims and that are still to come
  private boolean damaged;

  /** Creates one without entries. */
  public IndexCheckpointEntries() {}

  /** Takes the entries of a chunk whose checksum is right. */
  void read(MemorySegment newChunk) {
    chunk = newChunk;
    windowEnd = IndexCheckpointFormat.HEADER_BYTES;
    chunkEnd = IndexCheckpointFormat.entriesEnd(newChunk);
    rest = IndexCheckpointFormat.entries(newChunk);
    end = 0;
    at = 0;
    kind = 0;
    wordCount = 0;
    damaged =
        chunkEnd < windowEnd
            || (chunkEnd - windowEnd) % Long.BYTES != 0
            || chunkEnd > newChunk.byteSize();
  }

  /** Moves to the next entry; false when there is none, or none that {@link #isDamaged}. */
  public boolean next() {
    at += wordCount;
    wordCount = 0;
    if (end - at < ENTRY_WORDS_MAX) {
      fill();
    }
    if (damaged || at == end) {
      damaged |= rest != 0;
      return false;
    }
    kind = (int) words[at] & 0xff;
    int bytes = IndexCheckpointFormat.entryBytes(kind);
    damaged = bytes < 0 || at + bytes / Long.BYTES > end || rest <= 0 || !isWellFormed();
    wordCount = damaged ? 0 : bytes / Long.BYTES;
    rest--;
    return !damaged;
  }

  /**
   * Returns whether the entries are not what the chunk claims, or one is not well formed; known
   * once {@link #next} has returned false.
   */
  public boolean isDamaged() {
    return damaged;
  }

  /** Moves the window so that the next entry is in it whole. */
  private void fill() {
    if (damaged || windowEnd >= chunkEnd) {
      return;
    }
    long from = windowEnd - (long) (end - at) * Long.BYTES;
    int count = (int) Math.min(WORDS_MAX, (chunkEnd - from) / Long.BYTES);
    MemorySegment.copy(chunk, LONG, from, words, 0, count);
    windowEnd = from + (long) count * Long.BYTES;
    end = count;
    at = 0;
  }

  private boolean isWellFormed() {
    long first = words[at];
    int flags = (int) (first >>> 8) & 0xff;
    boolean zero = (first >>> 16 & 0xffff) == 0;
    if (kind == IndexCheckpointFormat.TOMBSTONE) {
      return zero && flags == 0;
    }
    long length = words[at + LENGTH];
    boolean stored = kind == IndexCheckpointFormat.STORED;
    return zero
        && length >= 0
        && length <= BlobStore.BLOB_BYTES_MAX
        && (flags == 0 || (flags == IndexCheckpointFormat.TABLE && stored && length > 0))
        && (!stored || OperationFormat.isBlock(words[at + START_BLOCK]));
  }

  /** Returns {@link IndexCheckpointFormat#STORED} or another of its kinds. */
  public int kind() {
    return kind;
  }

  /** Returns whether a stored blob has a checksum table. */
  public boolean hasTable() {
    return ((int) (words[at] >>> 8) & 0xff) == IndexCheckpointFormat.TABLE;
  }

  /** Returns the checksum of the blob. */
  public int crc32c() {
    return (int) (words[at] >>> 32);
  }

  /** Returns the upper half of the id. */
  public long idHigh() {
    return words[at + ID_HIGH];
  }

  /** Returns the lower half of the id. */
  public long idLow() {
    return words[at + ID_LOW];
  }

  /** Returns the version. */
  public long version() {
    return words[at + ENTRY_VERSION];
  }

  /** Returns the length of the blob; not of a tombstone. */
  public int length() {
    return (int) words[at + LENGTH];
  }

  /** Returns the first block of a stored blob. */
  public long startBlock() {
    return words[at + START_BLOCK];
  }

  /** Returns one of the three longs of an evicted blob's cold reference. */
  public long cold(int index) {
    return words[at + 5 + index];
  }

  /** Returns the window; the words behind the entry at hand are looked at, never changed. */
  public long[] words() {
    return words;
  }

  /** Returns where in the window the next entry begins. */
  public int nextOffset() {
    return at + wordCount;
  }

  /**
   * Returns how many entries may lie behind the one at hand in the window, if all are of stored
   * blobs.
   */
  public int storedMax() {
    return Math.min(rest, (end - nextOffset()) / STORED_WORDS);
  }

  /** Moves behind {@code count} stored blobs which the caller has found to be well formed. */
  public void skipStored(int count) {
    at = nextOffset() + count * STORED_WORDS;
    wordCount = 0;
    rest -= count;
  }
}
