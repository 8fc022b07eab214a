package io.ashlar.store;

/** Told of the progress of {@link BlobStore#vacuum}. Thread: the one that called it. */
public interface VacuumListener {

  /** A listener that ignores everything. */
  VacuumListener NONE = new VacuumListener() {};

  /** A blob whose stored bytes are not those that were put; it is left where it is. */
  default void onDamaged(CorruptionException damage) {}

  /**
   * Progress, after each step.
   *
   * @param blobs blobs moved so far.
   * @param bytes their bytes.
   * @param fileBytes the data file's size now.
   */
  default void onProgress(long blobs, long bytes, long fileBytes) {}
}
