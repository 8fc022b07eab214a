package io.ashlar.tier;

/**
 * Receives the progress of a long piece of work.
 *
 * <p>Thread: one at a time, not necessarily the caller's. It must not block. An exception from it
 * fails the work.
 */
public interface TierProgress {
  /** Ignores everything. */
  TierProgress NONE = new TierProgress() {};

  /**
   * Reports once, before the first progress, how much there is at most.
   *
   * @param blobs blobs and deletes to move.
   * @param bytes bytes of the blobs, uncompressed.
   */
  default void onTotal(long blobs, long bytes) {}

  /**
   * Reports after each batch how much of the total is done.
   *
   * @param blobs blobs and deletes so far.
   * @param bytes bytes of the blobs so far, uncompressed.
   */
  default void onProgress(long blobs, long bytes) {}
}
