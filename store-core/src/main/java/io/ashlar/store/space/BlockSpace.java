package io.ashlar.store.space;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.uring.NativeException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Every block of the data file and what may be done with it: allocation, deferred reuse, growth.
 *
 * <p>Promise G13: at any time each block is in exactly one of these: the superblocks; {@linkplain
 * #freeBlocks free}; {@linkplain #pendingBlocks freed but not reusable yet}; a blob's extent;
 * {@linkplain #pinnedBlocks superseded, but pinned for a snapshot}; a record; a log extent's rest
 * or the reserved next one; the extent of an epoch that is being filled; {@linkplain #quarantine
 * quarantined}; a {@linkplain #holeBlocks hole}.
 *
 * <p>Thread: the commit role's holder (rule L19).
 */
public final class BlockSpace implements AutoCloseable {

  /** The shortest log extent that puts leave free (L15). */
  public static final long RUN_BLOCKS_MIN = 8;

  private static final int EXTENTS_A_STEP = 4;
  private static final long EXTENT_BLOCKS_LEAST = 64;
  private static final int GROUP_DECAY_SHIFT = 3;

  /** How far beyond the request {@link #back} fills, so that not every record waits for it. */
  private static final long BACK_AHEAD_BLOCKS = Blocks.count(1L << 20);

  private final ExtentAllocator allocator;
  private final DeferredFrees deferred;
  private final DataFile file;
  private final FileTail fileTail;
  private final Holes inUse = new Holes(); // under blobs, records and the rest of log extents
  private final Poison poison;
  private final int freeSharePercent;
  private long quarantinedBlocks;
  private long heldBlocks;
  private long durableMark = Long.MIN_VALUE;
  private volatile long pinnedBlocks; // written by the commit role's holder, read by any thread
  private long reserveBlocks;
  private long groupBlocks;
  private boolean outOfHoles = true;
  private Runnable beforeWaiting = () -> {};
  private @Nullable NativeException growthFailure;

  /**
   * Creates one over what recovery found free.
   *
   * @param freeSharePercent {@link io.ashlar.store.StoreConfig#freeSharePercentMax}.
   */
  public BlockSpace(ExtentAllocator allocator, DataFile file, Poison poison, int freeSharePercent) {
    this.freeSharePercent = freeSharePercent;
    this.allocator = allocator;
    this.deferred = new DeferredFrees(this::release);
    this.file = file;
    fileTail = new FileTail(allocator, file);
    this.poison = poison;
  }

  /** Sets the task that runs before {@link #allocate} waits for the file to grow. */
  public void beforeWaiting(Runnable action) {
    beforeWaiting = action;
  }

  /** Returns how many blocks {@link #allocate} leaves free for index checkpoints (rule L15). */
  public long reservedBlocks() {
    return reserveBlocks;
  }

  /** Sets how many blocks {@link #allocate} leaves free for index checkpoints (rule L15). */
  public void reserve(long blocks) {
    reserveBlocks = blocks;
  }

  /**
   * Allocates a contiguous extent, growing the file and waiting for that when it must.
   *
   * @param blocks at least 1.
   * @return the first block, or −1 when the file cannot grow: see {@link #growthFailure}.
   */
  public long allocate(long blocks) {
    return allocate(blocks, reserveBlocks);
  }

  /**
   * Allocates a contiguous extent of the space that is free now, of any length in a range; {@link
   * #allocatedBlocks} then says which.
   *
   * @return the first block, or −1 when no free run has {@code least} blocks.
   */
  public long allocateFree(long least, long most) {
    takeGrown();
    long spare = allocator.freeBlocks() - reserveBlocks;
    if (spare < least) {
      return -1;
    }
    long start = allocator.allocate(least, Math.min(most, spare));
    if (start >= 0) {
      noteUsed(start + allocator.allocatedBlocks());
    }
    return start;
  }

  private void noteUsed(long end) {
    outOfHoles = file.noteUsed(end);
  }

  /** Notes that no hole was long enough, and lets the file grow if it may. */
  public void outOfHoles() {
    outOfHoles = true;
    growAhead();
  }

  /** Returns how many blocks the last successful {@code allocate…} took. */
  public long allocatedBlocks() {
    return allocator.allocatedBlocks();
  }

  /**
   * Notes how many blocks a group takes, record included, when it is written as one: what {@link
   * #hasPlenty} depends on.
   */
  public void noteGroup(long blocks) {
    groupBlocks = Math.max(blocks, groupBlocks - (groupBlocks >> GROUP_DECAY_SHIFT));
  }

  /** Returns the blocks of the longest of the last groups, which the next is likely to take. */
  public long groupBlocks() {
    return groupBlocks;
  }

  /**
   * Returns whether enough is free, however scattered, that the file should not grow for contiguous
   * space. Enough is the allowed share, and of the rest the share of the records of such groups.
   * For when a group is small its record's block, once free, lies between live blobs and is of use
   * only when they go.
   */
  public boolean hasPlenty() {
    return allocator.freeBlocks() - reserveBlocks > plentyBlocks();
  }

  private long plentyBlocks() {
    double allowed = freeSharePercent / 100.0;
    return (long) (file.blocks() * (allowed + (1 - allowed) / Math.max(2, groupBlocks)));
  }

  /**
   * Allocates a contiguous extent of the space that is free now and ends at or below block {@code
   * limit}; −1 when there is none.
   */
  public long allocateBelow(long blocks, long limit) {
    return allocateBelow(blocks, blocks, limit);
  }

  /**
   * Allocates as {@link #allocateBelow(long, long)} does, any length in a range; {@link
   * #allocatedBlocks} then says which.
   */
  public long allocateBelow(long least, long most, long limit) {
    long spare = allocator.freeBlocks() - reserveBlocks;
    long start = spare < least ? -1 : allocator.allocate(least, Math.min(most, spare));
    if (start >= 0 && start + allocator.allocatedBlocks() > limit) {
      allocator.free(start, allocator.allocatedBlocks());
      return -1;
    }
    return start;
  }

  /** Allocates for an index checkpoint, which may take what {@link #reserve} keeps. */
  public long allocateReserved(long blocks) {
    return allocate(blocks, 0);
  }

  private long allocate(long blocks, long leaveFree) {
    takeGrown();
    long start = take(blocks, leaveFree);
    while (start < 0 && !poison.isSet()) {
      long tail = allocator.firstFreeTail(file.blocks());
      long missing = Math.max(blocks, blocks + leaveFree - allocator.freeBlocks());
      growthFailure =
          file.growNow(Math.max(missing, blocks - (file.blocks() - tail)), beforeWaiting);
      takeGrown();
      start = take(blocks, leaveFree);
      if (growthFailure != null) {
        break;
      }
    }
    if (start >= 0) {
      noteUsed(start + blocks);
    }
    return start;
  }

  private long take(long blocks, long leaveFree) {
    return allocator.freeBlocks() < blocks + leaveFree ? -1 : allocator.allocate(blocks);
  }

  /**
   * Returns whether the file could not grow when it was last to, and no run of {@code blocks}
   * blocks is free.
   */
  public boolean isShortOf(long blocks) {
    return growthFailure != null && allocator.longestFree() < blocks;
  }

  /** Returns why the file could not grow when {@link #allocate} last answered −1. */
  public @Nullable NativeException growthFailure() {
    return growthFailure;
  }

  /** Makes space that growth has added available. */
  public void takeGrown() {
    long added = file.takeGrown();
    if (added > 0) {
      allocator.addFree(file.grownStart(), added);
    }
  }

  /**
   * Starts growth when little is left that was never used, unless there are holes, or plenty is
   * free of which the log can use something. Without that the log's next extent would wait for
   * growth.
   */
  public void growAhead() {
    if (file.isShortAhead() && ((outOfHoles && !hasPlenty()) || !hasHole(RUN_BLOCKS_MIN))) {
      file.grow(0);
    }
  }

  /** Returns whether a free run of this length lies below the space that was never used. */
  private boolean hasHole(long blocks) {
    long start = allocator.firstFit(blocks);
    return start >= 0 && start < file.highestEnd();
  }

  /**
   * Returns how long an extent should be at most unless a group needs it longer. Two of them fit
   * into the space that was never used when growth begins.
   */
  public long extentBlocksMax() {
    return Math.max(EXTENT_BLOCKS_LEAST, file.stepBlocks() / EXTENTS_A_STEP);
  }

  /** Waits until growth has settled, so that the file's size depends on the workload only. */
  public void settleGrowth() {
    growAhead();
    while (file.awaitGrowth() == null && !poison.isSet()) {
      long before = file.blocks();
      takeGrown();
      if (file.blocks() == before) {
        return;
      }
      growAhead();
    }
  }

  /**
   * Releases the free space at the end of the file, as {@link FileTail#beginCut} says. The caller
   * then {@linkplain DataFile#cut cuts} the file.
   *
   * @param leastBlocks what must be gained at least.
   * @return the file's new length in blocks, or −1 when there is less to gain, or the file grows at
   *     this moment; then nothing changed.
   */
  public long beginCut(long leastBlocks) {
    takeGrown();
    return fileTail.beginCut(leastBlocks, reserveBlocks);
  }

  /** Returns the first block after all blocks that are in use: neither free nor in a hole. */
  public long usedEnd() {
    return fileTail.usedEnd();
  }

  /**
   * Takes the longest free run to be punched, and holds it until {@link #addHole}: nothing may be
   * written there before that has ended. As much as the file may keep free stays allocatable.
   *
   * @param leastBlocks how long the run must be at least.
   * @param into receives the run.
   * @return whether there is such a run.
   */
  public boolean takeForHole(long leastBlocks, ExtentAllocator.RunVisitor into) {
    long spare = allocator.freeBlocks() - reserveBlocks - plentyBlocks();
    long length = Math.min(allocator.longestFree(), spare);
    if (length < leastBlocks || poison.isSet()) {
      return false;
    }
    long start = allocator.allocate(length);
    hold(length);
    into.visit(start, length);
    return true;
  }

  /** Notes that a run was punched: it is filled with zeroes before it is used again (rule L29). */
  public void addHole(long start, long blocks) {
    unhold(blocks);
    file.holes().add(start, blocks);
  }

  /**
   * Notes the ranges for which the file system has no blocks (rule L29). Free space is a hole from
   * now on. A used range becomes a hole when it is freed. The log fills its own holes by {@link
   * #back}. So no commit writes there before zeroes were written and synced. At open, before
   * anything is allocated.
   *
   * @throws NativeException if the device fails.
   */
  public void takeUnallocated(Disk disk) {
    long[] last = {0}; // a block may have several holes, where the file system's are smaller
    disk.forEachHole((offset, bytes) -> {
      long start = Math.max(last[0], offset / Blocks.BYTES);
      long end = Math.min(file.blocks(), Blocks.count(offset + bytes));
      if (end > start) {
        inUse.add(start, end - start);
        last[0] = end;
      }
    });
    if (inUse.blocks() == 0) {
      return;
    }
    List<long[]> free = new ArrayList<>(); // first block, block behind the last
    allocator.forEachFree((run, blocks) -> free.addAll(inUse.takeWithin(run, run + blocks)));
    for (long[] hole : free) {
      boolean taken = allocator.allocateAt(hole[0], hole[1] - hole[0]);
      assert taken : "L29: a free run is not free";
      file.holes().add(hole[0], hole[1] - hole[0]);
    }
  }

  /**
   * Sees to it that the file system has blocks for a range of the log that is not written yet (rule
   * L29); nearly always it has.
   *
   * @return false if the disk is full: nothing may be written there, see {@link #growthFailure}.
   * @throws NativeException if the device fails otherwise.
   */
  public boolean back(long start, long blocks) {
    if (inUse.blocks() == 0) {
      return true;
    }
    List<long[]> missing = inUse.takeWithin(start, start + blocks);
    if (missing.isEmpty()) {
      return true;
    }
    missing.addAll(inUse.takeWithin(start + blocks, start + blocks + BACK_AHEAD_BLOCKS));
    growthFailure = file.fillNow(missing);
    if (growthFailure != null) {
      missing.forEach(part -> inUse.add(part[0], part[1] - part[0]));
    }
    return growthFailure == null;
  }

  /** Makes blocks allocatable, but for those that the file system took: they are holes. */
  private void release(long start, long blocks) {
    long end = start + blocks;
    long at = start;
    if (inUse.blocks() > 0) {
      for (long[] part : inUse.takeWithin(start, end)) {
        if (part[0] > at) {
          allocator.free(at, part[0] - at);
        }
        file.holes().add(part[0], part[1] - part[0]);
        at = part[1];
      }
    }
    if (at < end) {
      allocator.free(at, end - at);
    }
  }

  /** Returns the blocks that would be free if the file system had blocks for them. */
  public long holeBlocks() {
    return file.holes().blocks();
  }

  /** Frees an extent that nothing durable has ever referred to. */
  public void free(long start, long blocks) {
    if (blocks > 0) {
      release(start, blocks);
    }
  }

  /** Frees an extent that the record {@code sequence} superseded, once rule L2 allows its reuse. */
  public void freeAfter(long sequence, long start, long blocks) {
    if (blocks > 0) {
      deferred.free(sequence, start, blocks);
    }
  }

  /** Notes that a superseded extent stays unchanged for a snapshot (rule L27). */
  public void pin(long blocks) {
    addPinned(blocks);
  }

  /**
   * Frees an extent that no snapshot needs any longer, once rule L2 allows its reuse.
   *
   * @param sequence the record that superseded it, or a later one.
   */
  public void unpin(long sequence, long start, long blocks) {
    addPinned(-blocks);
    if (sequence <= durableMark) {
      release(start, blocks);
    } else {
      deferred.free(Math.max(sequence, deferred.lastSequence()), start, blocks); // L2
    }
  }

  private void addPinned(long blocks) {
    long before = pinnedBlocks;
    pinnedBlocks = before + blocks;
  }

  /** Returns the blocks of extents that only snapshots need. Thread: any. */
  public long pinnedBlocks() {
    return pinnedBlocks;
  }

  /** Releases what rule L2 allows: a record that carries {@code mark} is durable, in order. */
  public void markDurable(long mark) {
    durableMark = mark;
    deferred.release(mark);
  }

  /**
   * Keeps an extent unused until the next open: a write to it failed or may still land (rule L24).
   */
  public void quarantine(long blocks) {
    quarantinedBlocks += blocks;
  }

  /** Notes extents that an epoch holds before its commit. */
  public void hold(long blocks) {
    heldBlocks += blocks;
  }

  /** Notes that such extents were committed or freed. */
  public void unhold(long blocks) {
    heldBlocks -= blocks;
  }

  /** Returns the blocks that epochs hold before their commit. */
  public long heldBlocks() {
    return heldBlocks;
  }

  /** Returns the blocks of the file. */
  public long fileBlocks() {
    return file.blocks();
  }

  /** Returns the blocks that can be allocated without growth. Thread: any. */
  public long freeBlocks() {
    return allocator.freeBlocks();
  }

  /** Returns the blocks that were freed but must not be reused yet. */
  public long pendingBlocks() {
    return deferred.pendingBlocks();
  }

  /** Returns the blocks kept unused until the next open. */
  public long quarantinedBlocks() {
    return quarantinedBlocks;
  }

  /** Frees the memory of the map of free space. Only {@link #freeBlocks} may be called after it. */
  @Override
  public void close() {
    allocator.close();
  }
}
