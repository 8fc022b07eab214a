package io.ashlar.tier.restore;

/**
 * What a restore brought back.
 *
 * @param blobs blobs that the store now holds.
 * @param bytes their bytes.
 * @param batches batch objects that were read.
 * @param manifests manifests of the chain, claims included.
 */
public record RestoreReport(long blobs, long bytes, long batches, long manifests) {}
