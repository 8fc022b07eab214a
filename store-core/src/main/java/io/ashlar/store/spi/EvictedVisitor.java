package io.ashlar.store.spi;

/** Receives evicted blobs. */
@FunctionalInterface
public interface EvictedVisitor {

  /**
   * One evicted blob.
   *
   * @param change its last change.
   * @param reference where the tier keeps its bytes.
   */
  void onEvicted(BlobChange change, ColdReference reference);
}
