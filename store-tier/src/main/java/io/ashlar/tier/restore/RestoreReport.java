package io.ashlar.tier.restore;

/**
 * What a restore brought back.
 *
 * @param checkpoint the sequence of the manifest whose state the store now has.
 * @param epoch the last epoch of that state.
 * @param blobs blobs that were fetched and put.
 * @param bytes their bytes.
 * @param keptBlobs blobs that were there already, verified and kept.
 * @param deletedBlobs blobs that were there and are not part of the checkpoint.
 * @param batches batch objects of the checkpoint.
 * @param batchesFetched of these, those of which blobs were fetched, in whole or in part.
 * @param manifests manifests of the chain, claims included.
 */
public record RestoreReport(
    long checkpoint,
    long epoch,
    long blobs,
    long bytes,
    long keptBlobs,
    long deletedBlobs,
    long batches,
    long batchesFetched,
    long manifests) {}
