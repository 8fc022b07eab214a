package io.ashlar.store;

/**
 * A store's counters at one moment; those that count start at 0 at each open.
 *
 * @param engine how the disk is reached: {@code io_uring} or {@code pread/pwrite}.
 * @param engineReason why that engine.
 * @param storeId the store's identity.
 * @param incarnation the identity of this open.
 * @param durableEpoch the last durable epoch.
 * @param sequence the last log record's number.
 * @param blobs blobs, evicted ones included.
 * @param blobBytes bytes of all blobs.
 * @param evictedBlobs blobs whose bytes are in the tier only.
 * @param tombstones deletes that are kept until the tier has them.
 * @param fileBytes size of the data file.
 * @param freeBytes bytes of it that can be allocated now.
 * @param pinnedBytes bytes of it that only open snapshots still need.
 * @param snapshots snapshots that are open.
 * @param indexBytes native memory of the index, and of the entries kept for snapshots.
 * @param poolBytes native memory of the buffer pool.
 * @param poolFreeBytes bytes of it that are free now.
 * @param epochs epochs that became durable since open.
 * @param groups log records that were written since open, each with one sync.
 * @param puts blobs put since open.
 * @param deletes deletes since open.
 * @param bytesWritten bytes written to the data file by commits since open, padding included.
 * @param bytesGrown bytes zeroed ahead since open to grow the file.
 * @param reads blobs read since open.
 * @param bytesRead bytes of blobs read since open.
 * @param cacheBytes native memory of the cache; 0 without one.
 * @param cacheUsedBytes bytes of it that hold blobs, padding to 4 KiB included.
 * @param cacheBlobs blobs that the cache keeps, about.
 * @param cacheHits reads since open that were served from the cache.
 * @param cacheMisses reads since open that looked into the cache in vain.
 * @param failed whether the store is poisoned.
 */
public record StoreStats(
    String engine,
    String engineReason,
    long storeId,
    long incarnation,
    long durableEpoch,
    long sequence,
    long blobs,
    long blobBytes,
    long evictedBlobs,
    long tombstones,
    long fileBytes,
    long freeBytes,
    long pinnedBytes,
    int snapshots,
    long indexBytes,
    long poolBytes,
    long poolFreeBytes,
    long epochs,
    long groups,
    long puts,
    long deletes,
    long bytesWritten,
    long bytesGrown,
    long reads,
    long bytesRead,
    long cacheBytes,
    long cacheUsedBytes,
    long cacheBlobs,
    long cacheHits,
    long cacheMisses,
    boolean failed) {}
