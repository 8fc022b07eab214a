package io.ashlar.store;

/** Told of the progress of {@link BlobStore#verify}. Thread: the one that called it. */
public interface VerifyListener {

  /** A listener that ignores everything. */
  VerifyListener NONE = new VerifyListener() {};

  /** A blob whose stored bytes are not those that were put. */
  default void onDamaged(CorruptionException damage) {}

  /**
   * Progress, after each blob.
   *
   * @param blobs blobs checked so far.
   * @param bytes bytes read so far.
   */
  default void onProgress(long blobs, long bytes) {}
}
