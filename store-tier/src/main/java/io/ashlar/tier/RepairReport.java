package io.ashlar.tier;

/**
 * What a repair did.
 *
 * @param checkpoint the sequence of the new base: the checkpoint that the tier has now.
 * @param epoch the last epoch in it.
 * @param lostManifests manifests of the chain that were gone or damaged.
 * @param lostBatches batches of the chain that were gone or damaged.
 * @param keptBatches batches that the new base lists again.
 * @param adoptedBatches of these, those that no manifest named any more.
 * @param orphans batches that no manifest named and that nothing needs; a collection deletes them.
 * @param uploadedBlobs blobs that were uploaded again, as the tier no longer had them.
 * @param uploadedBytes their bytes.
 * @param copiedBlobs evicted blobs that were saved from damaged batches.
 * @param movedBlobs evicted blobs that are read back from elsewhere now.
 * @param lostBlobs evicted blobs that no batch holds any more. Reading one fails.
 */
public record RepairReport(
    long checkpoint,
    long epoch,
    long lostManifests,
    long lostBatches,
    long keptBatches,
    long adoptedBatches,
    long orphans,
    long uploadedBlobs,
    long uploadedBytes,
    long copiedBlobs,
    long movedBlobs,
    long lostBlobs) {}
