package io.ashlar.tier.follow;

/**
 * What a follower holds and did.
 *
 * @param blobs blobs of the checkpoint that reads see.
 * @param blobBytes their bytes.
 * @param indexBytes native memory of its index.
 * @param leases leases open now.
 * @param leasedBytes memory of those.
 * @param reads blobs read since it was opened.
 * @param bytesRead their bytes.
 */
public record FollowerStats(
    long blobs,
    long blobBytes,
    long indexBytes,
    int leases,
    long leasedBytes,
    long reads,
    long bytesRead) {}
