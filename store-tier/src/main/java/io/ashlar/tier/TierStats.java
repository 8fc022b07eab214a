package io.ashlar.tier;

/**
 * What a tier asked of its object store since that was opened. Each repeated attempt counts.
 *
 * @param puts PUTs, parts of multipart uploads included.
 * @param gets GETs.
 * @param heads HEADs.
 * @param lists pages listed.
 * @param deletes bulk deletes.
 * @param bytesUploaded body bytes sent.
 * @param bytesDownloaded body bytes received.
 * @param batches batch objects that this tier wrote and committed since it was opened.
 * @param collection what collections did.
 * @param evidence what checks of the objects that evicted blobs rely on found.
 * @param retries attempts beyond the first; 0 for an object store without retries.
 * @param throttled answers that asked for fewer requests.
 * @param costNanos the approximate cost of the requests, in billionths of the price list's currency
 *     unit.
 * @param readBack how evicted blobs were read back.
 */
public record TierStats(
    long puts,
    long gets,
    long heads,
    long lists,
    long deletes,
    long bytesUploaded,
    long bytesDownloaded,
    long batches,
    CollectionStats collection,
    EvidenceStats evidence,
    long retries,
    long throttled,
    long costNanos,
    ReadBackStats readBack) {}
