package io.ashlar.store;

/** Receives the blobs of a store one by one, without an object for each. */
@FunctionalInterface
public interface BlobVisitor {

  /**
   * One blob.
   *
   * @param idHigh the upper half of its id.
   * @param idLow the lower half of its id.
   * @param length its length in bytes.
   * @param local whether its bytes are in the data file, rather than in the tier only.
   */
  void onBlob(long idHigh, long idLow, long length, boolean local);
}
