package io.ashlar.store;

/**
 * The result of recovering a store at open.
 *
 * @param created whether this is the first open for writing since the store was created.
 * @param lastEpoch the last epoch that was kept.
 * @param lastSequence the last log record that was kept.
 * @param checkpointEntries entries of the index checkpoint that was loaded.
 * @param replayedRecords log records that were replayed.
 * @param checkedBlobs blobs of unmarked records that were read and verified.
 * @param droppedRecords whole records that were dropped because their blobs were not whole. They
 *     were in flight at the crash and never acknowledged.
 * @param logBytes bytes of log that were replayed, including the blobs that follow records.
 * @param durationNs duration of the recovery, in nanoseconds.
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
