package io.ashlar.store.format;

import java.lang.foreign.MemorySegment;

/**
 * The buckets of one index checkpoint chunk ({@link IndexCheckpointFormat}), one after another.
 *
 * <p>They are copied to the heap whole. An open reads millions of entries before the JVM has
 * compiled anything well, and plain array reads are fast from the start.
 *
 * <pre>
 *   read(chunk) ──▶ before the first ── next() ──▶ at a bucket ── next() … false ──▶ at the end
 *                                                        │
 *                                                        └─ reject() ──▶ damaged
 * </pre>
 *
 * <p>Thread: one at a time. Memory: {@value #WORDS_MAX} words of heap, used again and again; the
 * chunk is read until the last bucket is.
 */
public final class IndexCheckpointBuckets {

  private static final int WORDS_MAX =
      IndexCheckpointFormat.BUCKET_BYTES_MAX / Long.BYTES; // 112 KiB

  private static final int SPARSE_ENTRIES = 64; // a bucket of these takes 256 bytes for each

  private final long[] header = new long[IndexCheckpointFormat.BUCKET_HEADER_BYTES / Long.BYTES];
  private final long[] words = new long[WORDS_MAX];
  private MemorySegment chunk = MemorySegment.NULL;
  private long chunkEnd; // bytes of the chunk up to the end of the buckets
  private long next; // bytes of the chunk up to the bucket behind the one at hand
  private int buckets; // that the chunk claims
  private int restBuckets; // those that are still to come
  private int restEntries;
  private boolean sparse;
  private int prefix;
  private int depth;
  private int entries;
  private int colds;
  private boolean damaged;

  /** Creates one without buckets. */
  public IndexCheckpointBuckets() {}

  /** Takes the buckets of a chunk that is {@linkplain IndexCheckpointFormat#isValid valid}. */
  public void read(MemorySegment newChunk) {
    chunk = newChunk;
    next = IndexCheckpointFormat.HEADER_BYTES;
    chunkEnd = IndexCheckpointFormat.bucketsEnd(newChunk);
    buckets = IndexCheckpointFormat.buckets(newChunk);
    restBuckets = buckets;
    restEntries = IndexCheckpointFormat.entries(newChunk);
    sparse = restEntries < (long) buckets * SPARSE_ENTRIES;
    damaged =
        chunkEnd < next
            || chunkEnd > newChunk.byteSize()
            || !IndexCheckpointFormat.reservedIsZero(newChunk);
  }

  /** Moves to the next bucket; false when there is none, or none that {@link #isDamaged}. */
  public boolean next() {
    if (damaged || next == chunkEnd) {
      damaged |= restBuckets != 0 || restEntries != 0;
      return false;
    }
    damaged = !readBucket();
    return !damaged;
  }

  private boolean readBucket() {
    if (chunkEnd - next < IndexCheckpointFormat.BUCKET_HEADER_BYTES) {
      return false;
    }
    IndexCheckpointFormat.readHeader(chunk, next, header);
    prefix = (int) header[0];
    depth = (int) (header[0] >>> Integer.SIZE);
    entries = (int) header[1];
    colds = (int) (header[1] >>> Integer.SIZE);
    if (entries < 0
        || entries > Math.min(restEntries, IndexCheckpointFormat.BUCKET_ENTRIES_MAX)
        || colds < 0
        || colds > entries
        || restBuckets <= 0) {
      return false;
    }
    long bytes = IndexCheckpointFormat.bucketBytes(entries, colds);
    if (bytes > chunkEnd - next) {
      return false;
    }
    int count = IndexCheckpointFormat.bucketWords(entries, colds);
    IndexCheckpointFormat.readWords(chunk, next, count, words);
    next += bytes;
    restBuckets--;
    restEntries -= entries;
    return true;
  }

  /** Goes back to before the first bucket, unless the chunk is damaged. */
  public void rewind() {
    if (!damaged) {
      read(chunk);
    }
  }

  /** Returns whether the chunk has few entries a bucket, for the memory that a bucket takes. */
  public boolean isSparse() {
    return sparse;
  }

  /** Notes that the bucket at hand, or its place among the others, is not well formed. */
  public void reject() {
    damaged = true;
  }

  /**
   * Returns whether the buckets differ from the chunk's claims, or were rejected; known once {@link
   * #next} has returned false.
   */
  public boolean isDamaged() {
    return damaged;
  }

  /** Returns how many buckets the chunk has, unless it is damaged. */
  public int buckets() {
    return buckets;
  }

  /** Returns how many bytes of the chunk are in use. */
  public long bytes() {
    return chunkEnd;
  }

  /** Returns the bits with which the hashes of the bucket's ids begin, from the top. */
  public int prefix() {
    return prefix;
  }

  /** Returns how many these are; not checked. */
  public int depth() {
    return depth;
  }

  /** Returns how many entries the bucket has. */
  public int entries() {
    return entries;
  }

  /** Returns how many cold references the bucket has. */
  public int colds() {
    return colds;
  }

  /** Returns the words of the entries, from the first on, which the caller may change. */
  public long[] words() {
    return words;
  }

  /** Returns a word of a cold reference; {@code number} is below {@link #colds}. */
  public long cold(int number, int word) {
    int first = entries * EntryFormat.WORDS;
    return words[first + number * IndexCheckpointFormat.COLD_WORDS + word];
  }
}
