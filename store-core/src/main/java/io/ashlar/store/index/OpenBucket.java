package io.ashlar.store.index;

import java.lang.foreign.MemorySegment;

/**
 * One bucket on the heap, while {@link BulkPuts} adds entries and takes none away: a slot then
 * costs an array access. Closed at first; it owns no hash while it is closed.
 *
 * <p>Thread: the index's writer, while the index has no readers.
 */
final class OpenBucket {
  private static final int NONE = 1; // no prefix of 0 bits

  // BulkPuts adds to these.
  final long[] words = new long[Bucket.WORDS];
  int prefix = NONE;
  int mask;
  int count;

  private MemorySegment bucket = MemorySegment.NULL;
  private int countBefore;

  /** Returns whether this is open, and entries of this hash belong here. */
  boolean owns(int hash) {
    return (hash & mask) == prefix;
  }

  /** Closes the bucket that is open, if any, and opens another. */
  void open(MemorySegment newBucket) {
    close();
    bucket = newBucket;
    Bucket.read(newBucket, words);
    count = Bucket.count(words);
    countBefore = count;
    mask = Bucket.mask(Bucket.depth(words));
    prefix = Bucket.prefix(words);
  }

  /** Writes back what has changed; idempotent. */
  void close() {
    if (count != countBefore) {
      Bucket.write(bucket, words, count);
      countBefore = count;
    }
    mask = 0;
    prefix = NONE;
  }
}
