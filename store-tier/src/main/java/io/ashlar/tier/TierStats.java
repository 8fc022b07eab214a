package io.ashlar.tier;

/**
 * What a tier asked of its object store since that was opened. A repeated attempt counts again.
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
 * @param evidence what was found of the objects that evicted blobs rely on.
 * @param retries attempts beyond the first; 0 for an object store that repeats nothing.
 * @param throttled answers that asked for fewer requests.
 * @param costNanos what the requests cost, about, in billionths of the price list's currency unit.
 * @param readBack what reading evicted blobs back did.
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
