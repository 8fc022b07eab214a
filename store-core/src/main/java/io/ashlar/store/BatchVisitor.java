package io.ashlar.store;

import java.lang.foreign.MemorySegment;

/**
 * Receives the blobs of {@link BlobReads#getAll}, each once, in the order in which their reads
 * complete.
 *
 * <p>Thread: the one that called {@code getAll}. The table of <a
 * href="package-summary.html#callbacks">callbacks</a> lists the calls it may make. An exception it
 * throws ends the batch.
 */
public interface BatchVisitor {

  /**
   * Receives one blob.
   *
   * @param index the position of its id in the list.
   * @param id the blob's id.
   * @param value its bytes, read-only and verified; valid only during this call and on this thread.
   *     A segment kept longer may show any other blob. With {@code -Dashlar.checks=true} it throws
   *     {@link IllegalStateException}.
   */
  void onBlob(int index, BlobId id, MemorySegment value);

  /**
   * Reports an id that holds no blob. Does nothing unless overridden.
   *
   * @param index the position of the id in the list.
   * @param id the blob's id.
   */
  default void onMissing(int index, BlobId id) {}

  /**
   * Reports a blob that could not be read. The batch continues with the other blobs.
   *
   * @param index the position of the id in the list.
   * @param id the blob's id.
   * @param failure a {@link CorruptionException}, a {@link TierUnavailableException} or a {@link
   *     BackPressureTimeoutException}.
   */
  void onFailed(int index, BlobId id, StoreException failure);
}
