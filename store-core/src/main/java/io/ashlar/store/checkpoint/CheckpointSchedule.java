package io.ashlar.store.checkpoint;

import io.ashlar.store.index.BlobIndex;

/**
 * When the next index checkpoint is due: a function of what was logged since the last one, and
 * never of time.
 *
 * <p>Thread: the commit role's holder.
 */
public final class CheckpointSchedule {

  private static final long OPERATIONS_MIN = 1 << 16;
  private static final long OPENED_RECORDS_MIN = 256;
  private static final long BLOBS_PER_OPENED_RECORD = 4096;
  private static final int OPENED_SHARE = 4;

  private final BlobIndex index;
  private final long logBlocksMin;
  private long logBlocks; // written to the log since the newer generation's base
  private long logOperations;
  private long dueBlocks; // how far the log goes before the next checkpoint
  private long dueOperations;

  /**
   * Creates one that counts what recovery found in the log.
   *
   * @param logBlocksMin how many blocks the log advances at least between two checkpoints.
   */
  public CheckpointSchedule(BlobIndex index, long logBlocksMin, RecoveredLog log) {
    this.index = index;
    this.logBlocksMin = logBlocksMin;
    logBlocks = log.blocks();
    logOperations = log.operations();
  }

  /** Works out when the next one is due, once for each checkpoint and not for every commit. */
  void noteCheckpoint(long checkpointBlocks) {
    // Four times the last one's size keeps what checkpoints write a fraction of what commits write.
    dueBlocks = Math.max(logBlocksMin, 4 * checkpointBlocks);
    // An open takes a microsecond for each, some ten times as long as for an entry (0033).
    dueOperations = Math.max(OPERATIONS_MIN, index.liveCount() / 16);
  }

  /** Notes that the log has advanced. */
  void noteLog(long blocks, long operations) {
    logBlocks += blocks;
    logOperations += operations;
  }

  /** Counts from 0 again: a checkpoint begins. */
  void restart() {
    logBlocks = 0;
    logOperations = 0;
  }

  /** Returns whether enough was logged for the next checkpoint. */
  boolean isDue() {
    return logBlocks >= dueBlocks || logOperations >= dueOperations;
  }

  /**
   * Returns whether the open that has just ended replayed enough that a checkpoint should be
   * written now, so that the next open need not repeat it. Enough is a quarter of the operations
   * that make a checkpoint due otherwise. Enough is also a number of records whose replay takes as
   * long as the checkpoint.
   */
  boolean isDueAfterOpen(long replayedRecords) {
    return OPENED_SHARE * logOperations >= dueOperations
        || replayedRecords
            >= Math.max(OPENED_RECORDS_MIN, index.liveCount() / BLOBS_PER_OPENED_RECORD);
  }
}
