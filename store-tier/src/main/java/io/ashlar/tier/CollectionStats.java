package io.ashlar.tier;

/**
 * What collections did since a tier was opened.
 *
 * @param collections collections that ended well, those that were idle apart.
 * @param collectionsFailed collections that failed; another one goes on from there.
 * @param manifestsDeleted manifests deleted.
 * @param batchesDeleted batch objects deleted.
 * @param bytesDeleted their bytes.
 * @param batchesCompacted sparse batches that were rewritten.
 * @param bytesCompacted bytes of live entries that were copied for that.
 * @param uploadsAborted stale uploads in parts that were aborted.
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
