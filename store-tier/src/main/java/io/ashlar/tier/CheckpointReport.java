package io.ashlar.tier;

/**
 * What one tiering pass uploaded; all zeros if nothing had changed.
 *
 * @param manifestSequence the sequence of the manifest that made it durable, or 0.
 * @param blobs blobs uploaded.
 * @param deletes deletes uploaded.
 * @param batches batch objects written, those of deletes included.
 * @param bytesBefore their bytes before compression, framing included.
 * @param bytesAfter their bytes as objects.
 */
public record CheckpointReport(
    long manifestSequence,
    long blobs,
    long deletes,
    long batches,
    long bytesBefore,
    long bytesAfter) {

  /** The report of a pass that found nothing to do. */
  public static final CheckpointReport NOTHING = new CheckpointReport(0, 0, 0, 0, 0, 0);
}
