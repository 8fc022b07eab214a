package io.ashlar.store.space;

import io.ashlar.store.StallCause;
import io.ashlar.store.background.Governor;
import io.ashlar.store.background.PacedWork;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.Uninterrupted;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The size of the data file, and its growth ahead of need: new space is zeroed and synced, size
 * included, before a commit may use it (rule L29). A step is allocated at once, so that the size
 * changes once, and then written in short pieces (decision 0086). Zeroes are written, because space
 * that is only allocated commits slower; a bulk load gets that all the same, as writing twice is
 * slower still (decision 0016). Holes that vacuum has punched are filled in the same way, before
 * the file grows at its end.
 *
 * <pre>
 *   idle ──grow──▶ growing ──zeroed and synced──▶ grown ──takeGrown──▶ idle
 *     │               └──────no space, EIO──────▶ failed ──takeGrown──▶ idle
 *     └──beginCut──▶ cutting ──cut──▶ idle
 * </pre>
 *
 * <p>Growth runs on the given executor and touches only the file past its end. Only the holder of
 * the commit role starts it and applies its result (rule L20), part by part. A failed write
 * abandons the rest of the step, which is cut off again; a failed sync poisons the store, because
 * it may have hidden the failure of somebody else's write. The size of a growing file after a crash
 * does not matter, because all blocks after the last used block are free, whether they are zeroed,
 * only allocated or missing. The next open takes those that were never written for holes, where the
 * file system tells. For the same reason a cut need not be durable before the file grows again:
 * growth writes zeroes over whatever is left there, and syncs them.
 */
public final class DataFile implements AutoCloseable {

  private static final long STEP_BLOCKS_MAX = Blocks.count(1L << 30);

  private enum State {
    IDLE,
    GROWING,
    GROWN,
    FAILED,
    CUTTING
  }

  private final GuardedDisk guarded;
  private final Disk disk;
  private final Poison poison;
  private final Executor executor;
  private final Governor governor;
  private final long stepBlocksMin;
  private final GrowthFill filler;
  private final NativeException notStarted = // made ahead, as there may be no heap
      new NativeException("grow", Errno.EAGAIN, "it could not be started");
  private final NativeException brokenOff =
      new NativeException("grow", 0, "it ended with an exception");
  private final Holes holes = new Holes(); // owned by the commit role's holder
  private final Uninterrupted.PlainWait growthEnded = // these two made here: waits need no heap
      () -> {
        while (isBusy()) {
          wait();
        }
      };
  private final Uninterrupted.PlainWait spaceFilled =
      () -> {
        while (isBusy() && this.filledEnd < this.neededEnd) {
          wait();
        }
      };

  private long blocks; // owned by the commit role's holder
  private long takenStart; // owned by the commit role's holder
  private long highestEnd; // owned by the commit role's holder
  private volatile boolean bulk;

  // The seven below: guarded by this object's monitor, which is never held while waiting for I/O.
  private State state = State.IDLE;
  private int waiting; // threads in awaitGrowth
  private @Nullable PacedWork growing;
  private long neededEnd; // of the blocks that the commit role's holder waits for, or 0
  private long takenEnd; // of the filled blocks that takeGrown has applied
  private long filledEnd; // of the blocks that can be used
  private @Nullable NativeException failure;

  /** What a growth and those who wait for it tell each other. */
  private final class Progress implements GrowthFill.Waiters {

    @Override
    public long awaitedEnd() {
      synchronized (DataFile.this) {
        return waiting > 0 ? Long.MAX_VALUE : neededEnd;
      }
    }

    @Override
    public void onFilled(long end) {
      synchronized (DataFile.this) {
        filledEnd = end;
        DataFile.this.notifyAll();
      }
    }
  }

  /**
   * Creates one over a file whose first {@code blocks} blocks can be used.
   *
   * @param executor where growth runs; a test's may run it at once.
   * @param governor says how long growth rests that no thread waits for.
   * @param stepBlocksMin the least that the file grows by.
   */
  public DataFile(
      GuardedDisk guarded,
      Executor executor,
      Governor governor,
      long stepBlocksMin,
      long blocks,
      long highestEnd) {
    this.governor = governor;
    this.guarded = guarded;
    disk = guarded.disk();
    poison = guarded.poison();
    this.executor = executor;
    this.stepBlocksMin = stepBlocksMin;
    filler = new GrowthFill(guarded, new Progress());
    this.blocks = blocks;
    this.highestEnd = highestEnd;
  }

  /** Returns how many blocks the file has for use. Thread: the commit role's holder. */
  public long blocks() {
    return blocks;
  }

  /**
   * Notes that blocks up to {@code end} are in use; returns whether some of them never were before.
   * Thread: the commit role's holder.
   */
  public boolean noteUsed(long end) {
    boolean higher = end > highestEnd;
    highestEnd = Math.max(highestEnd, end);
    return higher;
  }

  /** Returns the first block that was never used. Thread: the commit role's holder. */
  long highestEnd() {
    return highestEnd;
  }

  /** Returns the blocks that the file grows by. Thread: the commit role's holder. */
  long stepBlocks() {
    return stepBlocks(blocks);
  }

  /**
   * Returns whether the space that was never used has shrunk below half a step. A function of what
   * was allocated only, never of time, so that a workload's file always ends at the same size.
   * Thread: the commit role's holder.
   */
  boolean isShortAhead() {
    return blocks - highestEnd < stepBlocks(blocks) / 2;
  }

  /**
   * Starts growth by at least {@code atLeastBlocks}, or the filling of a hole, unless either is
   * under way or the store failed. Thread: the commit role's holder.
   */
  public void grow(long atLeastBlocks) {
    synchronized (this) {
      if (state != State.IDLE || poison.isSet()) {
        return;
      }
      state = State.GROWING;
    }
    long step = stepBlocks(blocks);
    long wanted = Math.max(step, (atLeastBlocks + step - 1) / step * step);
    long hole = holes.firstOf(Math.max(1, atLeastBlocks));
    long start = hole < 0 ? blocks : hole;
    long end = start + (hole < 0 ? wanted : Math.min(wanted, holes.length(hole)));
    synchronized (this) {
      takenEnd = start;
      filledEnd = start;
    }
    NativeException refused = notStarted;
    try {
      executor.execute(() -> run(start, end, hole < 0));
      return;
    } catch (RejectedExecutionException e) {
      refused = new NativeException("grow", Errno.EAGAIN, String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) { // an executor's own, or there is no heap for the task
      Log.log(DataFile.class, System.Logger.Level.WARNING, "the file's growth was postponed", e);
    }
    end(end, refused);
  }

  /** Sets whether the file grows by space that was not written. Thread: any. */
  public void setBulkLoad(boolean on) {
    bulk = on;
  }

  private long stepBlocks(long fileBlocks) {
    long wanted = Long.highestOneBit(fileBlocks / 16);
    return Math.min(STEP_BLOCKS_MAX, Math.max(stepBlocksMin, wanted));
  }

  private void run(long start, long end, boolean atEnd) {
    NativeException failed = brokenOff;
    try {
      filler.fill(start, end, atEnd, bulk, paced());
      failed = null;
    } catch (NativeException e) {
      failed = e;
    } catch (RuntimeException | Error e) {
      poison.set(e);
    } finally {
      end(end, failed);
    }
  }

  private BackgroundWork paced() {
    PacedWork pace;
    try {
      pace = governor.beginAhead();
    } catch (OutOfMemoryError e) {
      return BackgroundWork.UNPACED; // growth itself needs no heap
    }
    synchronized (this) {
      growing = pace;
      if (waiting > 0 || neededEnd > 0) {
        pace.hurry();
      }
    }
    return pace;
  }

  private synchronized void end(long end, @Nullable NativeException failed) {
    growing = null;
    state = failed == null ? State.GROWN : State.FAILED;
    filledEnd = failed == null ? end : filledEnd;
    failure = failed;
    notifyAll();
  }

  /**
   * Fills ranges with zeroes and syncs them, on this thread. Thread: the commit role's holder.
   *
   * @param ranges the first block of each range and the block after it; no other write touches
   *     them.
   * @return why the disk has no space for them, or null.
   * @throws NativeException if the device fails otherwise.
   */
  @Nullable NativeException fillNow(List<long[]> ranges) {
    StallCause before = guarded.counters().timeline.enter(StallCause.GROWTH);
    try {
      return filler.fillNow(ranges);
    } finally {
      StallCause _ = guarded.counters().timeline.enter(before);
    }
  }

  /**
   * Applies what growth has filled since the last call, if anything. Thread: the commit role's
   * holder.
   *
   * @return how many blocks were added, from {@link #grownStart} on.
   */
  public long takeGrown() {
    long added;
    synchronized (this) {
      takenStart = takenEnd;
      added = filledEnd - takenEnd;
      takenEnd = filledEnd;
      if (state == State.GROWN || state == State.FAILED) {
        state = State.IDLE;
      }
    }
    if (added == 0) {
      return 0;
    }
    if (takenStart == blocks) {
      blocks += added;
      return added;
    }
    return holes.takeFront(takenStart, added);
  }

  /** Returns the first of the blocks that {@link #takeGrown} has added. Thread: as that. */
  public long grownStart() {
    return takenStart;
  }

  /** Returns the punched runs. Thread: the commit role's holder. */
  Holes holes() {
    return holes;
  }

  /**
   * Returns how long a file should stay whose last block in use is before {@code end}, so that it
   * does not grow ahead at once. Thread: any.
   */
  public long lengthAhead(long end) {
    long step = stepBlocks(end);
    return end + stepBlocks(end + step / 2) / 2;
  }

  /**
   * Gives up the blocks from {@code end} on, none of which is in use; {@link #cut} follows. Thread:
   * the commit role's holder.
   *
   * @return false when the file grows at this moment, or the store failed: nothing changed.
   */
  boolean beginCut(long end, long usedEnd) {
    synchronized (this) {
      if (state != State.IDLE || poison.isSet()) {
        return false;
      }
      state = State.CUTTING;
    }
    blocks = end;
    highestEnd = Math.min(highestEnd, usedEnd);
    return true;
  }

  /**
   * Cuts the file at {@code end}, as {@link #beginCut} was told. If that fails, the rest stays
   * unused and is overwritten when the file grows. Thread: any but the role's holder.
   *
   * @throws NativeException if the file cannot be cut.
   */
  public void cut(long end) {
    try {
      disk.truncate(Blocks.offset(end));
    } finally {
      synchronized (this) {
        state = State.IDLE;
        notifyAll();
      }
    }
  }

  /**
   * Waits for growth, or a cut, that is under way. Thread: any.
   *
   * @return null when it ended well or none was under way, else why it failed.
   */
  public synchronized @Nullable NativeException awaitGrowth() {
    waiting++;
    hurry();
    Uninterrupted.run(growthEnded);
    waiting--;
    return state == State.FAILED ? failure : null;
  }

  private synchronized @Nullable NativeException awaitBlocks(long count) {
    neededEnd = takenEnd + count;
    hurry();
    Uninterrupted.run(spaceFilled);
    neededEnd = 0;
    return state == State.FAILED ? failure : null;
  }

  private void hurry() {
    PacedWork awaited = growing;
    if (awaited != null) {
      awaited.hurry();
    }
  }

  private boolean isBusy() {
    return state == State.GROWING || state == State.CUTTING;
  }

  /**
   * Starts growth as {@link #grow} does and waits until it has filled that much, or ended. Thread:
   * the commit role's holder.
   *
   * @param beforeWaiting runs between the two.
   */
  @Nullable NativeException growNow(long atLeastBlocks, Runnable beforeWaiting) {
    StallCause before = guarded.counters().timeline.enter(StallCause.GROWTH);
    grow(atLeastBlocks);
    beforeWaiting.run();
    NativeException failed = awaitBlocks(atLeastBlocks);
    StallCause _ = guarded.counters().timeline.enter(before);
    return failed;
  }

  /** Waits for growth under way and frees the memory. The disk stays open. */
  @Override
  public void close() {
    awaitGrowth();
    filler.close();
  }
}
