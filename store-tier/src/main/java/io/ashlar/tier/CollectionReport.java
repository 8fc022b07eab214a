package io.ashlar.tier;

/**
 * What one collection did or, as a dry run, would do; all zeros if there was nothing to do.
 *
 * @param manifestSequence the manifest that it committed, or 0.
 * @param retainedFrom the oldest checkpoint that is kept.
 * @param boundary manifests at or below it are dropped.
 * @param manifestsDeleted manifests deleted.
 * @param batchesDeleted batch objects deleted.
 * @param bytesDeleted their bytes.
 * @param batchesCompacted sparse batches whose live entries were copied; they are deleted once
 *     nothing retained needs them.
 * @param bytesCompacted bytes of the entries copied.
 * @param referencesMoved evicted blobs that are read back from another batch now.
 * @param pins pins that were found.
 * @param batchesLeft batches that no retained checkpoint needs, and that a pin, an open snapshot or
 *     a failed delete keeps for now.
 */
public record CollectionReport(
    long manifestSequence,
    long retainedFrom,
    long boundary,
    long manifestsDeleted,
    long batchesDeleted,
    long bytesDeleted,
    long batchesCompacted,
    long bytesCompacted,
    long referencesMoved,
    long pins,
    long batchesLeft) {

  /** The report of a collection that found nothing to do. */
  public static final CollectionReport NOTHING =
      new CollectionReport(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
