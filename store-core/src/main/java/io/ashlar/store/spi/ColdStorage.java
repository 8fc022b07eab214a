package io.ashlar.store.spi;

import io.ashlar.store.BlobId;
import java.lang.foreign.MemorySegment;

/** Reads evicted blobs back. Implemented by a tier; safe from any thread. */
public interface ColdStorage {

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
  void fetch(BlobId id, ColdReference reference, MemorySegment target);
}
