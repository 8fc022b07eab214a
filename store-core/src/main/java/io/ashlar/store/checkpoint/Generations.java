package io.ashlar.store.checkpoint;

import io.ashlar.store.format.LogPosition;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.uring.NativeException;

/**
 * The two generations that the superblock copies refer to, and the log records that either needs.
 *
 * <p><b>Invariant.</b> Chunks and records of both are never overwritten. A flip replaces the older
 * one (rule L12). Once the flip is durable, the replaced generation's chunks are freed. So are the
 * records up to the base of the one that is the older from then on (rule L13).
 *
 * <p>Thread: the commit role's holder, except for {@link #point} and {@link #storeId}.
 */
public final class Generations {

  /** How many records are freed at a time, which takes less than 50 µs. */
  private static final int FREED_RECORDS_MAX = 128;

  private final SuperblockPair superblocks;
  private final RecordLedger ledger;
  private Generation older;
  private Generation newer;

  /**
   * Creates those that recovery found.
   *
   * @param superblocks points at them.
   * @param log the records that they need.
   */
  public Generations(SuperblockPair superblocks, RecoveredLog log) {
    this.superblocks = superblocks;
    ledger = log.ledger();
    older = log.older();
    newer = log.newer();
  }

  /** Returns the identity of the store. */
  long storeId() {
    return superblocks.newer().storeId();
  }

  /** Returns the log position that the newer one covers. */
  LogPosition base() {
    return newer.base();
  }

  /** Returns how long the newer one's checkpoint is. */
  long newerBlocks() {
    return newer.blocks();
  }

  /** Returns the blocks of the chunks of both. */
  long blocks() {
    return older.equals(newer) ? newer.blocks() : older.blocks() + newer.blocks();
  }

  /**
   * Points the older superblock copy at a checkpoint that is durable. {@link #flip} follows.
   * Thread: the checkpoint's, without the commit role.
   *
   * @throws NativeException if the superblock cannot be written; nothing has changed then.
   */
  void point(Generation written) {
    superblocks.flip(written);
  }

  /**
   * Makes the generation that a durable superblock copy points at the newer one. Frees the chunks
   * that only the older one needed; {@link #freeRecords} then frees its records.
   */
  void flip(Generation written, BlockSpace space) {
    if (!older.equals(newer)) { // both copies name one generation after a repair
      older.free(space);
    }
    older = newer;
    newer = written;
  }

  /**
   * Frees some of the records that neither generation needs.
   *
   * @return whether none is left to free.
   */
  boolean freeRecords(BlockSpace space) {
    return ledger.freeThrough(older.base().sequence(), space, FREED_RECORDS_MAX); // L13
  }
}
