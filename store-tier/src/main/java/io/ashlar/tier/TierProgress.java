package io.ashlar.tier;

/**
 * Told how far a long piece of work is. Thread: one at a time, not necessarily the caller's; it
 * must not block, and what it throws fails the work.
 */
public interface TierProgress {
  /** Ignores everything. */
  TierProgress NONE = new TierProgress() {};

  /**
   * Told once, before the first progress, how much there is at most.
   *
   * @param blobs blobs and deletes to move.
   * @param bytes bytes of the blobs, uncompressed.
   */
  default void onTotal(long blobs, long bytes) {}

  /**
   * Told after each batch how much is done of the total.
   *
   * @param blobs blobs and deletes so far.
   * @param bytes bytes of the blobs so far, uncompressed.
   */
  default void onProgress(long blobs, long bytes) {}
}
