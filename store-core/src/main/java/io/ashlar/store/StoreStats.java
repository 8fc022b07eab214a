package io.ashlar.store;

import java.util.List;

/**
 * A store's counters and sizes at one moment. A counter "since open" starts at 0 at each open.
 *
 * @param engine how the disk is reached: {@code io_uring} or {@code pread/pwrite}.
 * @param engineReason why that engine is used.
 * @param storeId the store's identity.
 * @param incarnation the identity of this open.
 * @param durableEpoch the last durable epoch.
 * @param sequence the last log record's number.
 * @param blobs blobs, evicted ones included.
 * @param blobBytes bytes of all blobs.
 * @param evictedBlobs blobs whose bytes are only in the tier.
 * @param tombstones deletes that are kept until the tier has them.
 * @param fileBytes size of the data file.
 * @param freeBytes bytes of it that can be allocated now.
 * @param pinnedBytes bytes of the data file that only open snapshots still need.
 * @param snapshots snapshots that are open.
 * @param indexBytes native memory of the index, and of the entries kept for snapshots.
 * @param poolBytes native memory of the buffer pool.
 * @param poolFreeBytes bytes of it that are free now.
 * @param openLeases leases that are open; while no thread reads, these are leaked leases.
 * @param leasedBytes bytes that open leases hold: buffers of the pool, and separate native memory
 *     for blobs longer than {@link BlobStore#claimBytesMax}. Leased bytes in the cache count as
 *     cache bytes only.
 * @param openEpochs epochs that were begun and have not yet become durable, failed or been closed;
 *     while no thread commits, these are leaked epochs.
 * @param epochPoolBytes bytes of the buffer pool that open epochs hold.
 * @param epochFileBytes bytes of the data file that open epochs hold, written ahead of their
 *     commit.
 * @param epochs epochs that became durable since open.
 * @param groups log records with epochs that were written since open, each with one sync.
 * @param callerGroups groups that a caller committed on its own thread while it waited; the I/O
 *     thread committed the others.
 * @param scatteredGroups groups that needed several writes and a sync since open, because values
 *     lay apart from the record: no run of free blocks held both, or the values were written ahead.
 *     The others were one durable write each.
 * @param puts blobs put since open.
 * @param deletes deletes since open.
 * @param bytesWritten bytes written to the data file by commits since open, padding included.
 * @param bytesGrown bytes zeroed ahead since open to grow the file.
 * @param reads blobs read since open.
 * @param bytesRead bytes of blobs read since open.
 * @param stalls what commits of over a millisecond waited for since open: an entry for each cause,
 *     in the order of {@link StallCause#id()}.
 * @param cacheBytes native memory of the cache; 0 without one.
 * @param cacheUsedBytes bytes of it that hold blobs, padding to 4 KiB included.
 * @param cacheBlobs approximate number of blobs in the cache.
 * @param cacheHits reads since open that were served from the cache.
 * @param cacheMisses reads since open that the cache could not serve.
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
    int openLeases,
    long leasedBytes,
    int openEpochs,
    long epochPoolBytes,
    long epochFileBytes,
    long epochs,
    long groups,
    long callerGroups,
    long scatteredGroups,
    long puts,
    long deletes,
    long bytesWritten,
    long bytesGrown,
    long reads,
    long bytesRead,
    List<StallStats> stalls,
    long cacheBytes,
    long cacheUsedBytes,
    long cacheBlobs,
    long cacheHits,
    long cacheMisses,
    boolean failed) {

  /** Takes the numbers; the list is copied. */
  public StoreStats {
    stalls = List.copyOf(stalls);
  }

  /**
   * {@return the stalls of one cause since the store was opened}
   *
   * @param cause what the stalled operations waited for.
   */
  public StallStats stalls(StallCause cause) {
    return stalls.get(cause.id());
  }
}
