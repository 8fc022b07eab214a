package io.ashlar.store.format;

import io.ashlar.store.BlobStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The entries of one index checkpoint chunk ({@link IndexCheckpointFormat}), one after another.
 *
 * <p>They are copied to the heap at once and decoded there: an open reads millions of them before
 * the JVM has compiled anything well, and plain array reads are what it is fast at from the start.
 *
 * <pre>
 *   read(chunk) ──▶ before the first ── next() ──▶ at an entry ── next() … false ──▶ at the end
 * </pre>
 *
 * <p>Thread: one at a time. Memory: 1 MiB of heap, the longest chunk, used again and again.
 */
public final class IndexCheckpointEntries {

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int WORDS_MAX =
      (int) Blocks.offset(IndexCheckpointFormat.CHUNK_BLOCKS_MAX) / Long.BYTES;

  private final long[] words = new long[WORDS_MAX];
  private int end;
  private int at;
  private int kind;

  /** Creates one without entries. */
  public IndexCheckpointEntries() {}

  /**
   * Takes the entries of a chunk whose checksum is right.
   *
   * @return whether every entry is well formed; if not, there is nothing to be had.
   */
  boolean read(MemorySegment chunk) {
    long bytes =
        (long) IndexCheckpointFormat.entriesEnd(chunk) - IndexCheckpointFormat.HEADER_BYTES;
    end = 0;
    at = 0;
    kind = 0;
    if (bytes < 0
        || bytes % Long.BYTES != 0
        || IndexCheckpointFormat.HEADER_BYTES + bytes > chunk.byteSize()) {
      return false;
    }
    int count = (int) bytes / Long.BYTES;
    MemorySegment.copy(chunk, LONG, IndexCheckpointFormat.HEADER_BYTES, words, 0, count);
    boolean whole = areWellFormed(IndexCheckpointFormat.entries(chunk), count);
    end = whole ? count : 0;
    return whole;
  }

  private boolean areWellFormed(int entries, int count) {
    int offset = 0;
    for (int i = 0; i < entries; i++) {
      int bytes = offset >= count ? -1 : IndexCheckpointFormat.entryBytes(kindOf(words[offset]));
      if (bytes < 0 || offset + bytes / Long.BYTES > count || !isWellFormed(offset)) {
        return false;
      }
      offset += bytes / Long.BYTES;
    }
    return entries >= 0 && offset == count;
  }

  private boolean isWellFormed(int offset) {
    long first = words[offset];
    int entryKind = kindOf(first);
    int flags = (int) (first >>> 8) & 0xff;
    boolean zero = (first >>> 16 & 0xffff) == 0;
    if (entryKind == IndexCheckpointFormat.TOMBSTONE) {
      return zero && flags == 0;
    }
    long length = words[offset + 4];
    boolean stored = entryKind == IndexCheckpointFormat.STORED;
    return zero
        && length >= 0
        && length <= BlobStore.BLOB_BYTES_MAX
        && (flags == 0 || (flags == IndexCheckpointFormat.TABLE && stored && length > 0))
        && (!stored || (words[offset + 5] >= 0 && words[offset + 5] <= OperationFormat.BLOCK_MAX));
  }

  private static int kindOf(long first) {
    return (int) first & 0xff;
  }

  /** Moves to the next entry; false when there is none. */
  public boolean next() {
    if (kind != 0) {
      at += IndexCheckpointFormat.entryBytes(kind) / Long.BYTES;
    }
    boolean found = at < end;
    kind = found ? kindOf(words[at]) : 0;
    return found;
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
    return words[at + 1];
  }

  /** Returns the lower half of the id. */
  public long idLow() {
    return words[at + 2];
  }

  /** Returns the version. */
  public long version() {
    return words[at + 3];
  }

  /** Returns the length of the blob; not of a tombstone. */
  public int length() {
    return (int) words[at + 4];
  }

  /** Returns the first block of a stored blob. */
  public long startBlock() {
    return words[at + 5];
  }

  /** Returns one of the three longs of an evicted blob's cold reference. */
  public long cold(int index) {
    return words[at + 5 + index];
  }
}
