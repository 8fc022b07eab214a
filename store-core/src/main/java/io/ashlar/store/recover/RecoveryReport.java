package io.ashlar.store.recover;

/**
 * What opening a store found.
 *
 * @param created whether the store was made by this open.
 * @param lastEpoch the last epoch that was kept.
 * @param lastSequence the last log record that was kept.
 * @param checkpointEntries entries of the index checkpoint that was loaded.
 * @param replayedRecords log records that were replayed.
 * @param checkedBlobs blobs of unmarked records that were read and checked.
 * @param droppedRecords whole records whose blobs were not: in flight at the crash, never
 *     acknowledged.
 * @param logBytes bytes of log that were replayed, blobs behind records included.
 * @param durationNs how long it took.
 * @param note one phrase that says how the log ended.
 */
public record RecoveryReport(
    boolean created,
    long lastEpoch,
    long lastSequence,
    long checkpointEntries,
    long replayedRecords,
    long checkedBlobs,
    long droppedRecords,
    long logBytes,
    long durationNs,
    String note) {}
