package io.ashlar.store;

import java.lang.foreign.MemorySegment;

/**
 * Shown the blobs of {@link BlobStore#getAll}, each once, in the order in which they come.
 *
 * <p>Thread: the one that called {@code getAll}. May use the store; what it throws ends the batch.
 */
public interface BatchVisitor {

  /**
   * A blob.
   *
   * @param index its place among the ids asked for.
   * @param value its bytes, read-only and verified; valid during this call only.
   */
  void onBlob(int index, BlobId id, MemorySegment value);

  /** There is no blob under an id. Does nothing unless overridden. */
  default void onMissing(int index, BlobId id) {}

  /**
   * A blob could not be read; the others are all the same.
   *
   * @param failure a {@link CorruptionException}, a {@link TierUnavailableException} or a {@link
   *     BackPressureTimeoutException}.
   */
  void onFailed(int index, BlobId id, StoreException failure);
}
