package io.ashlar.store;

/**
 * Receives the progress of {@link BlobStore#vacuum}.
 *
 * <p>Thread: the one that called {@code vacuum}. The table of <a
 * href="package-summary.html#callbacks">callbacks</a> lists the calls it may make. An exception it
 * throws ends the vacuum.
 */
public interface VacuumListener {

  /** A listener that ignores everything. */
  VacuumListener NONE = new VacuumListener() {};

  /**
   * Reports a blob whose stored bytes differ from those put. It stays at its place.
   *
   * @param damage the damaged blob.
   */
  default void onDamaged(CorruptionException damage) {}

  /**
   * Reports progress after each step.
   *
   * @param blobs blobs moved so far.
   * @param bytes their bytes.
   * @param fileBytes the data file's current size.
   */
  default void onProgress(long blobs, long bytes, long fileBytes) {}
}
