package io.ashlar.store;

/**
 * Receives the blobs of a store one by one, without an object for each.
 *
 * <p>Thread: the one that asked for them. The table of <a
 * href="package-summary.html#callbacks">callbacks</a> lists the calls it may make. An exception it
 * throws ends the visit.
 */
@FunctionalInterface
public interface BlobVisitor {

  /**
   * Receives one blob.
   *
   * @param idHigh the upper half of its id.
   * @param idLow the lower half of its id.
   * @param length its length in bytes.
   * @param local true if its bytes are in the data file, false if only the tier has them.
   */
  void onBlob(long idHigh, long idLow, long length, boolean local);
}
