package io.ashlar.tier;

/**
 * What a repair did.
 *
 * @param checkpoint the sequence of the new base, the tier's only checkpoint now.
 * @param epoch the last epoch in it.
 * @param lostManifests manifests of the chain that were gone or damaged.
 * @param lostBatches batches of the chain that were gone or damaged.
 * @param keptBatches batches that the new base lists again.
 * @param adoptedBatches kept batches that no manifest listed any more.
 * @param orphans batches that no manifest named and that nothing needs; a collection deletes them.
 * @param uploadedBlobs blobs that were uploaded again because the tier had lost them.
 * @param uploadedBytes the bytes of these blobs.
 * @param copiedBlobs evicted blobs that were copied out of damaged batches.
 * @param movedBlobs evicted blobs that are read back from another batch now.
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
