package io.ashlar.tier;

/**
 * What collections did since a tier was opened.
 *
 * @param collections collections that succeeded; those that found nothing to do do not count.
 * @param collectionsFailed collections that failed; the next one resumes the work.
 * @param manifestsDeleted manifests deleted.
 * @param batchesDeleted batch objects deleted.
 * @param bytesDeleted their bytes.
 * @param batchesCompacted sparse batches that were rewritten.
 * @param bytesCompacted bytes of the live entries copied from them.
 * @param uploadsAborted stale multipart uploads that were aborted.
 */
public record CollectionStats(
    long collections,
    long collectionsFailed,
    long manifestsDeleted,
    long batchesDeleted,
    long bytesDeleted,
    long batchesCompacted,
    long bytesCompacted,
    long uploadsAborted) {}
