package io.ashlar.store.commit.group;

import io.ashlar.store.checkpoint.IndexCheckpointer;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.StoreContent;

/**
 * The steps after a group is durable, in this order (G2, G3): marks count, the index shows the
 * group, its owners are told. Then it checks whether the file must grow or an index checkpoint is
 * due.
 *
 * <p>Thread: the commit role's holder (L19); the getters from any thread.
 */
public final class GroupPublisher {

  /**
   * A full store without a free run of this many blocks reclaims those of its old records (L15).
   */
  private static final long RECYCLE_BLOCKS = 16;

  private static final long RECYCLE_RECORDS_MIN = 4;

  /**
   * From this many epochs, or bytes of values, on, a group is acknowledged while the next one is
   * written. Waking its callers takes as long as a write, or they have much to fill.
   */
  private static final int OVERLAP_EPOCHS_MIN = AckSequencer.LARGE_GROUP;

  private static final long OVERLAP_BYTES_MIN = 512 << 10;

  private final BlockSpace space;
  private final LogTail tail;
  private final OperationApplier applier;
  private final AckSequencer acks;
  private final IndexCheckpointer checkpointer;
  private final StoreCounters counters;
  private final long incarnation;
  private final OperationApplier.FreedExtents freed = this::onFreed;
  private long recordSequence; // of the operations being applied
  private volatile long durableSequence; // written by the role's holder, read by any thread
  private volatile long markedSequence; // written by the role's holder, read by any thread
  private volatile long markedEpoch; // written by the role's holder, read by any thread
  private volatile boolean unmarked; // written by the role's holder, read by the I/O thread

  /** Creates one that continues at the end of the log. */
  public GroupPublisher(
      StoreContent content,
      LogTail tail,
      AckSequencer acks,
      IndexCheckpointer checkpointer,
      StoreCounters counters,
      long incarnation) {
    space = content.space();
    applier = content.applier();
    this.tail = tail;
    this.acks = acks;
    this.checkpointer = checkpointer;
    this.counters = counters;
    this.incarnation = incarnation;
    durableSequence = tail.sequence();
    markedSequence = tail.sequence(); // the fence is a mark
    markedEpoch = tail.epoch();
  }

  /** Returns the highest sequence that a durable mark covers. Thread: any. */
  public long markedSequence() {
    return markedSequence;
  }

  /** Returns the last epoch within {@link #markedSequence}, or an earlier one. Thread: any. */
  public long markedEpoch() {
    return markedEpoch;
  }

  /** Returns the last durable record's number. Thread: any. */
  public long sequence() {
    return durableSequence;
  }

  /** Returns whether the last group waits for a mark. Thread: any. */
  public boolean isUnmarked() {
    return unmarked;
  }

  /** Clears the pending-mark flag of the last group. */
  void forgetUnmarked() {
    unmarked = false;
  }

  /**
   * Publishes a group whose record, the next one of the log, is durable with all its blobs.
   *
   * @param chain the record's checksum, which the next record carries.
   * @param count the epochs; 0 for a record that only names an extent or is a mark.
   */
  void publish(EpochBuffer[] group, int count, int chain, long recordBlocks, long behindBlocks) {
    long mark = tail.sequence();
    long epochBefore = tail.epoch();
    tail.advance(recordBlocks, behindBlocks, chain, count, incarnation);
    space.markDurable(mark); // L2
    recordSequence = tail.sequence();
    assert recordSequence == mark + 1 : "L1: each record marks the one before it";
    long gatheredNs = counters.timeline.groupNs();
    long puts = 0;
    long deletes = 0;
    long operations = 0;
    long valueBytes = 0;
    for (int i = 0; i < count; i++) {
      EpochBuffer epoch = group[i];
      int deletesApplied = epoch.applyTo(applier, recordSequence, freed);
      space.unhold(epoch.heldBlocks());
      epoch.notePublished(freed);
      epoch.outcome().setResult(epochBefore + i + 1, deletesApplied);
      epoch.outcome().setGatheredNs(gatheredNs);
      epoch.releaseBuffers();
      puts += epoch.putCount();
      deletes += epoch.deleteCount();
      operations += epoch.operationCount();
      valueBytes += epoch.valueBytes();
    }
    durableSequence = recordSequence;
    markedSequence = mark;
    markedEpoch = epochBefore;
    unmarked = count > 0;
    if (count > 0) {
      acks.setDurable(tail.epoch());
      counters.epochs.add(count);
      counters.groups.increment();
      counters.puts.add(puts);
      counters.deletes.add(deletes);
      acks.ackDurable(group, count);
      if (!isToldLater(count, valueBytes)) {
        acks.deliver();
      }
    }
    space.growAhead();
    checkpointWhenDue(recordBlocks + behindBlocks, operations);
  }

  /** Returns whether the callers of a group are told while the next group is being written. */
  static boolean isToldLater(int count, long valueBytes) {
    return count >= OVERLAP_EPOCHS_MIN || valueBytes >= OVERLAP_BYTES_MIN;
  }

  /** Begins an index checkpoint if one is due, after the log has become longer. */
  void checkpointWhenDue(long logBlocks, long operations) {
    checkpointer.noteLog(logBlocks, operations);
    if (checkpointer.isDue() || recordsAreNeeded()) {
      checkpointer.start(tail.position());
    }
    if (recordsAreNeeded()) {
      checkpointer.hurry();
    }
  }

  /** Returns whether a full store can continue only in the blocks of old records (L15). */
  private boolean recordsAreNeeded() {
    return space.isShortOf(RECYCLE_BLOCKS) && tail.recordBlocks() >= RECYCLE_RECORDS_MIN;
  }

  private void onFreed(long startBlock, long blocks) {
    space.freeAfter(recordSequence, startBlock, blocks);
  }
}
