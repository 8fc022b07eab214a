package io.ashlar.tier.follow;

/**
 * What a follower holds, and what it has read since it was opened.
 *
 * @param blobs blobs of the checkpoint that reads see.
 * @param blobBytes bytes of these blobs.
 * @param indexBytes native memory of its index.
 * @param leases leases open now.
 * @param leasedBytes native memory of these leases.
 * @param reads blobs read since it was opened.
 * @param bytesRead bytes of the blobs read.
 */
public record FollowerStats(
    long blobs,
    long blobBytes,
    long indexBytes,
    int leases,
    long leasedBytes,
    long reads,
    long bytesRead) {}
