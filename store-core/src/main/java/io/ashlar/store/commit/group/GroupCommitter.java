package io.ashlar.store.commit.group;

import io.ashlar.store.StallCause;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.metrics.RoleTimeline;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * Commits one group of epochs: finds it a place, writes its record and blobs, publishes,
 * acknowledges.
 *
 * <p><b>The steps, and a crash at each.</b>
 *
 * <ol>
 *   <li><i>Place.</i> Nothing is written, so a crash leaves no trace of the group. A lack of space
 *       fails single epochs (G7).
 *   <li><i>Write.</i> Record and blobs go out in one durable gathered write. If a byte of the group
 *       is elsewhere, all writes are followed by one sync (L17). The ring takes several writes, and
 *       a write beside which callers are told; any other costs two hand-overs more there (record
 *       0089). A crash leaves the group whole or recovery drops it whole (L4): it checks the blobs
 *       of a record above the highest mark one by one (L3). The write touches nothing else, because
 *       every block written was free under L2.
 *   <li><i>Durable.</i> The record's own mark proves everything before it. Extents that those
 *       records superseded are released (L2), and so is the log extent that was left (L11).
 *   <li><i>Publish, acknowledge</i> ({@link GroupPublisher}), in epoch order, and only epochs that
 *       survive a crash now (G2, G3). The callers of a large group are told while the next one is
 *       being written.
 * </ol>
 *
 * <p>A failed write or sync poisons the store (G6). The epochs of the group fail with outcome
 * unknown, and their extents stay unused until the next open (L24).
 *
 * <p>Thread: the commit role's holder (L19).
 */
public final class GroupCommitter {

  /** The operations that the I/O thread's queue can have in flight. */
  public static final int QUEUE_CAPACITY = 128;

  private final Disk disk;
  private final BlockSpace space;
  private final LogTail tail;
  private final AckSequencer acks;
  private final GroupPublisher publisher;
  private final StoreCounters counters;
  private final RoleTimeline timeline;
  private final Poison poison;
  private final RecordEncoder encoder;
  private final IoVectors vectors;
  private final EpochBuffer[] alone = new EpochBuffer[1];
  private final GroupWrites writes;
  private final Refusals refusals;
  private final ScatteredGroup scattered;

  /**
   * Creates one that continues at the end of the log.
   *
   * @param encoder encodes the records that go to {@code tail}.
   * @param arena where its memory lies; shared, and open until nothing is in flight.
   */
  public GroupCommitter(
      GuardedDisk guarded,
      BlockSpace space,
      LogTail tail,
      AckSequencer acks,
      GroupPublisher publisher,
      RecordEncoder encoder,
      Arena arena) {
    disk = guarded.disk();
    poison = guarded.poison();
    counters = guarded.counters();
    timeline = counters.timeline;
    this.space = space;
    this.tail = tail;
    this.acks = acks;
    this.publisher = publisher;
    this.encoder = encoder;
    vectors = new IoVectors(IoVectors.CAPACITY_MAX, arena);
    writes = new GroupWrites(poison, arena);
    refusals = new Refusals(space, acks);
    scattered = new ScatteredGroup(guarded, space, writes, refusals);
    space.beforeWaiting(acks::deliver);
  }

  /** Returns what refuses epochs for which there is no space. */
  public Refusals refusals() {
    return refusals;
  }

  /** Returns whether the last group waits for a mark. Thread: any. */
  public boolean isUnmarked() {
    return publisher.isUnmarked();
  }

  /**
   * Commits one epoch on the caller's thread: with one gathered write, or, where record and values
   * do not fit together, with a write of each and a sync.
   *
   * @return false when its values need several runs of blocks, or the file must grow; nothing was
   *     done then.
   */
  public boolean tryCommitAlone(EpochBuffer epoch) {
    if (epoch.writableBuffers() >= IoVectors.CAPACITY_MAX) {
      return false;
    }
    long valueBlocks = epoch.writableBlocks();
    long recordBlocks = Blocks.count(LogRecordFormat.recordBytes(1, epoch.operationBytes()));
    if (epoch.putCount() > 0) {
      space.noteGroup(recordBlocks + valueBlocks);
    }
    alone[0] = epoch;
    timeline.beginGroupAtOnce();
    try {
      if (!epoch.anyPlaced() && position(recordBlocks + valueBlocks, epoch.leavesRoom(), null)) {
        write(alone, 1, epoch.operationBytes(), valueBlocks, false, null);
        return true;
      }
      return writeApart(epoch, recordBlocks, valueBlocks);
    } catch (NativeException e) {
      fail(alone, 1, e);
      return true;
    }
  }

  /** Writes values and record each by itself; returns false if they have no place. */
  private boolean writeApart(EpochBuffer epoch, long recordBlocks, long valueBlocks) {
    long start = 0;
    if (valueBlocks > 0) {
      start = space.allocateFree(valueBlocks, valueBlocks);
      if (start < 0) {
        return false;
      }
    }
    if (!position(recordBlocks, epoch.leavesRoom(), null)) {
      if (valueBlocks > 0) {
        space.free(start, valueBlocks);
      }
      return false;
    }
    if (valueBlocks > 0) {
      long end = epoch.placeFrom(start);
      assert end == start + valueBlocks : "G13: an epoch's values are not as long as its puts say";
      vectors.clear();
      epoch.addTo(vectors);
      requireHealthy(null); // L24
      StallCause before = timeline.enter(StallCause.WRITE);
      disk.write(vectors, Blocks.offset(start), false);
      StallCause _ = timeline.enter(before);
      counters.bytesWritten.add(vectors.bytes());
    }
    write(alone, 1, epoch.operationBytes(), 0, true, null);
    return true;
  }

  /**
   * Commits a group whose record is at most {@link LogRecordFormat#RECORD_BYTES_MAX} long.
   *
   * @param queue the I/O thread's queue, with nothing in flight.
   */
  public void commit(EpochBuffer[] group, int groupCount, DiskQueue queue) {
    assert queue.inFlight() == 0 : "L19: the role was taken with operations in flight";
    int count = groupCount;
    timeline.beginGroup();
    if (poison.isSet()) {
      acks.deliver();
      acks.failAll(group, count);
      return;
    }
    long operationBytes = 0;
    long behind = 0;
    int buffers = 0;
    boolean sync = false;
    boolean hasPuts = false;
    writes.begin();
    for (int i = 0; i < count; i++) {
      operationBytes += group[i].operationBytes();
      behind += group[i].writableBlocks();
      buffers += group[i].writableBuffers();
      sync |= group[i].anyPlaced();
      hasPuts |= group[i].leavesRoom();
    }
    try {
      long blocks = Blocks.count(LogRecordFormat.recordBytes(count, operationBytes)) + behind;
      if (hasPuts) {
        space.noteGroup(blocks);
      }
      if (buffers >= IoVectors.CAPACITY_MAX || !position(blocks, hasPuts, queue)) {
        count = scattered.place(group, count, behind, queue);
        operationBytes = 0;
        for (int i = 0; i < count; i++) {
          operationBytes += group[i].operationBytes();
        }
        behind = 0;
        sync = true;
        blocks = Blocks.count(LogRecordFormat.recordBytes(count, operationBytes));
        if (count > 0
            && !position(blocks, hasPuts, queue)
            && !(makeRoom(blocks, hasPuts, queue) && position(blocks, hasPuts, queue))) {
          writes.drain(queue);
          for (int i = 0; i < count; i++) {
            refusals.refuse(ScatteredGroup.takeOut(group, i), blocks);
          }
          publisher.checkpointWhenDue(0, 0);
          return;
        }
      }
      if (count > 0) {
        write(group, count, operationBytes, behind, sync, queue);
      }
    } catch (NativeException e) {
      fail(group, count, e);
    }
  }

  /**
   * Marks the last group before a close, once growth has settled.
   *
   * @param queue the I/O thread's queue, with nothing in flight.
   */
  public void finish(DiskQueue queue) {
    space.settleGrowth();
    writeMark(queue); // L31
  }

  /**
   * Writes an empty record, whose mark covers the last group (L31); does nothing on a full store,
   * whose last blocks are for deletes. Thread: the commit role's holder.
   */
  public void writeMark(@Nullable DiskQueue queue) {
    if (!publisher.isUnmarked()) {
      return;
    }
    publisher.forgetUnmarked();
    if (poison.isSet()) {
      return;
    }
    try {
      if (position(1, true, queue)) {
        write(alone, 0, 0, 0, false, queue);
      }
    } catch (NativeException e) {
      fail(alone, 0, e);
    }
  }

  /**
   * Puts the tail where {@code blocks} blocks fit; returns false when there is no such place. Puts
   * leave a whole reserved extent, so that deletes remain possible on a full store (L15).
   */
  private boolean position(long blocks, boolean hasPuts, @Nullable DiskQueue queue) {
    space.takeGrown();
    tail.reserveNext(!hasPuts);
    if (hasPuts && tail.nextStart() == 0) {
      return false;
    }
    if (tail.fitsHere(blocks)) {
      return space.back(tail.block(), blocks);
    }
    boolean spare = tail.reserveSpare(!hasPuts);
    if (!tail.fitsNext(blocks)
        || !(spare || !hasPuts)
        || !space.back(tail.nextStart(), blocks)
        || (tail.mustNameNext() && !nameNext(queue))) {
      return false;
    }
    tail.moveToNext();
    return true;
  }

  /**
   * Moves through the reserved next extent, which is too short for a record of {@code blocks}
   * blocks, to one that is long enough. An empty record names each extent before it is used (L10).
   *
   * @return false when there is no such extent.
   */
  private boolean makeRoom(long blocks, boolean hasPuts, DiskQueue queue) {
    // Only a record too long for the next extent: else puts would wear away what L15 reserves.
    if (tail.nextStart() == 0
        || blocks < tail.nextBlocks()
        || !tail.reserveSpareOf(blocks + 1, !hasPuts)) {
      return false;
    }
    if (!space.back(tail.nextStart(), 1) || (tail.mustNameNext() && !nameNext(queue))) {
      return false;
    }
    tail.moveToNext();
    return nameNext(queue) && (tail.reserveSpare(!hasPuts) || !hasPuts);
  }

  /**
   * Moves the log on to its reserved next extent and reserves one further down to follow that. Each
   * step is a record that names the extent before it is used (L10, L11). Thread: the commit role's
   * holder.
   *
   * @param fileBlocks the file's length that the new extent is to suit.
   * @return false when there is no room for that; then nothing moved.
   */
  public boolean moveLog(long fileBlocks) {
    if (poison.isSet()) {
      return false;
    }
    try {
      tail.reserveNext(false);
      if (tail.nextStart() == 0
          || !tail.reserveSpareBelow(fileBlocks)
          || !space.back(tail.nextStart(), 1)
          || (tail.mustNameNext() && !nameNext(null))) {
        return false;
      }
      tail.moveToNext();
      write(alone, 0, 0, 0, false, null);
      return true;
    } catch (NativeException e) {
      fail(alone, 0, e);
      return false;
    }
  }

  /** Writes an empty record, which names the next extent before that is used (L10). */
  private boolean nameNext(@Nullable DiskQueue queue) {
    if (!tail.fitsHere(1) || !space.back(tail.block(), 1)) {
      return false;
    }
    write(alone, 0, 0, 0, false, queue);
    return true;
  }

  private void write(
      EpochBuffer[] group,
      int count,
      long operationBytes,
      long behindBlocks,
      boolean sync,
      @Nullable DiskQueue queue) {
    long bytes = LogRecordFormat.recordBytes(count, operationBytes);
    long recordBlocks = Blocks.count(bytes);
    int chain = encoder.encode(group, count, bytes, behindBlocks);
    vectors.clear();
    vectors.add(encoder.record(), 0, Blocks.offset(recordBlocks));
    if (behindBlocks > 0) {
      for (int i = 0; i < count; i++) {
        group[i].addTo(vectors);
      }
    }
    if (vectors.bytes() != Blocks.offset(recordBlocks + behindBlocks)) {
      throw new IllegalStateException("G13: the group's values are not as long as its puts say");
    }
    requireHealthy(queue);
    StallCause before = timeline.enter(StallCause.WRITE);
    boolean gainsFromRing =
        sync
            || acks.hasUndelivered()
            || GroupPublisher.isToldLater(count, Blocks.offset(behindBlocks));
    if (queue == null || !gainsFromRing) {
      disk.write(vectors, tail.offset(), !sync);
    } else {
      writeThroughQueue(queue, !sync);
    }
    if (sync) {
      StallCause _ = timeline.enter(StallCause.SYNC);
      assert queue == null || queue.inFlight() == 0 : "L17: a sync with writes in flight";
      disk.sync();
      requireHealthy(queue);
      counters.scatteredGroups.increment();
    }
    StallCause _ = timeline.enter(before);
    counters.bytesWritten.add(vectors.bytes());
    publisher.publish(group, count, chain, recordBlocks, behindBlocks);
    if (queue == null || !queue.isConcurrent()) {
      acks.deliver(); // nothing would be written meanwhile
    }
  }

  private void writeThroughQueue(DiskQueue queue, boolean durable) {
    writes.submit(queue, vectors, tail.offset(), durable);
    if (acks.hasUndelivered()) {
      writes.start(queue);
      acks.deliver(); // of the group before, while the device writes this one
    }
    writes.drain(queue);
  }

  /**
   * Abandons the group if the store has failed meanwhile, in the sync of a growth or a checkpoint.
   * Nothing more is written (L24). A successful sync of this group would not prove the writes that
   * the failed sync lost (see fsync(2)).
   */
  private void requireHealthy(@Nullable DiskQueue queue) {
    if (poison.isSet()) {
      if (queue != null) {
        writes.drain(queue);
      }
      throw new NativeException("commit", 0, "the store failed meanwhile");
    }
  }

  private void fail(EpochBuffer[] group, int count, NativeException failure) {
    poison.set(failure);
    acks.deliver();
    Log.log(
        GroupCommitter.class,
        System.Logger.Level.ERROR,
        "the store failed: " + failure.getMessage(),
        failure);
    acks.failAll(group, count);
    acks.wakeWaiters();
  }
}
