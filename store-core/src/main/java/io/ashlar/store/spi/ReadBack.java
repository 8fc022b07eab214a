package io.ashlar.store.spi;

import io.ashlar.store.BlobId;
import java.lang.foreign.MemorySegment;

/** Reads evicted blobs back. Implemented by a tier; safe from any thread. */
public interface ReadBack {

  /**
   * Fills {@code target} with the bytes of a blob. The store checks their checksum afterwards.
   *
   * @param id the blob.
   * @param reference where it lies, as given to {@link TierSource#evict}.
   * @param target memory exactly as long as the blob, owned by the caller; written before this
   *     returns.
   * @throws io.ashlar.store.TierUnavailableException if the tier does not answer.
   * @throws io.ashlar.store.CorruptionException if the tier's copy is damaged or gone.
   */
  void readBack(BlobId id, ColdReference reference, MemorySegment target);

  /**
   * Reads a blob back once more, past everything that is kept of the tier. The store asks for this
   * when the checksum of what {@link #readBack} gave is not the blob's: one bad answer is no
   * damage.
   *
   * @param id the blob.
   * @param reference where it lies, as given to {@link TierSource#evict}.
   * @param target memory exactly as long as the blob, owned by the caller; written before this
   *     returns.
   * @throws io.ashlar.store.TierUnavailableException if the tier does not answer.
   * @throws io.ashlar.store.CorruptionException if the tier's copy is damaged or gone.
   */
  default void readBackAgain(BlobId id, ColdReference reference, MemorySegment target) {
    readBack(id, reference, target);
  }
}
