package io.ashlar.store;

/**
 * Receives the progress of {@link BlobStore#verify}.
 *
 * <p>Thread: the one that called {@code verify}. The table of <a
 * href="package-summary.html#callbacks">callbacks</a> lists the calls it may make. An exception it
 * throws ends the verification.
 */
public interface VerifyListener {

  /** A listener that ignores everything. */
  VerifyListener NONE = new VerifyListener() {};

  /**
   * Reports a blob whose stored bytes differ from those put.
   *
   * @param damage the damaged blob.
   */
  default void onDamaged(CorruptionException damage) {}

  /**
   * Reports progress after each blob.
   *
   * @param blobs blobs checked so far.
   * @param bytes bytes read so far.
   */
  default void onProgress(long blobs, long bytes) {}
}
