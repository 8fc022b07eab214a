package io.ashlar.store.space;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The size of the data file, and its growth ahead of need: new space is zeroed and synced, size
 * included, before a commit may use it (rule L29), because space that is only allocated commits two
 * to four times slower.
 *
 * <pre>
 *   idle ──growTo──▶ growing ──zeroed and synced──▶ grown ──takeGrown──▶ idle
 *                       └──────no space, EIO──────▶ failed ──takeGrown──▶ idle
 * </pre>
 *
 * <p>Growth runs on the given executor and touches nothing but the file behind its end; only the
 * holder of the commit role starts it and applies what it did (rule L20). A failed write abandons
 * the step, which is cut off again; a failed sync poisons the store, because it may have hidden the
 * failure of somebody else's write. The size that a growing file has after a crash does not matter:
 * whatever lies behind the last block in use is free.
 */
public final class DataFile implements AutoCloseable {

  private static final int ZERO_BYTES = 1 << 20;
  private static final long STEP_BLOCKS_MAX = Blocks.count(1L << 30);

  private enum State {
    IDLE,
    GROWING,
    GROWN,
    FAILED
  }

  private final Disk disk;
  private final Poison poison;
  private final StoreCounters counters;
  private final Executor executor;
  private final long stepBlocksMin;
  private final NativeMemory zeroes = NativeMemory.reserve(ZERO_BYTES);

  private long blocks; // owned by the commit role's holder
  private long highestEnd; // owned by the commit role's holder

  // The three below: guarded by this object's monitor, which is never held while waiting for I/O.
  private State state = State.IDLE;
  private long grownBlocks;
  private @Nullable NativeException failure;

  /**
   * Creates one over a file whose first {@code blocks} blocks can be used.
   *
   * @param executor where growth runs; a test's may run it at once.
   * @param stepBlocksMin the least that the file grows by.
   */
  public DataFile(
      Disk disk,
      Poison poison,
      StoreCounters counters,
      Executor executor,
      long stepBlocksMin,
      long blocks,
      long highestEnd) {
    this.disk = disk;
    this.poison = poison;
    this.counters = counters;
    this.executor = executor;
    this.stepBlocksMin = stepBlocksMin;
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

  /**
   * Starts growth when the space that was never used has shrunk below half a step. A function of
   * what was allocated only, never of time, so that a workload's file always ends at the same size.
   * Thread: the commit role's holder.
   */
  public void growAhead() {
    if (blocks - highestEnd < stepBlocks() / 2) {
      grow(0);
    }
  }

  /**
   * Starts growth by at least {@code atLeastBlocks}, unless it is under way or the store failed.
   * Thread: the commit role's holder.
   */
  public void grow(long atLeastBlocks) {
    synchronized (this) {
      if (state != State.IDLE || poison.isSet()) {
        return;
      }
      state = State.GROWING;
    }
    long step = stepBlocks();
    long wanted = (atLeastBlocks + step - 1) / step * step;
    long end = blocks + Math.max(step, wanted);
    long start = blocks;
    executor.execute(() -> run(start, end));
  }

  private long stepBlocks() {
    return Math.min(STEP_BLOCKS_MAX, Math.max(stepBlocksMin, Long.highestOneBit(blocks / 16)));
  }

  private void run(long start, long end) {
    NativeException failed = null;
    try {
      fill(start, end);
    } catch (NativeException e) {
      failed = e;
    } catch (RuntimeException e) {
      poison.set(e);
      failed = new NativeException("grow", 0, String.valueOf(e.getMessage()));
    }
    synchronized (this) {
      state = failed == null ? State.GROWN : State.FAILED;
      failure = failed;
      grownBlocks = end;
      notifyAll();
    }
  }

  private void fill(long start, long end) {
    try {
      long offset = Blocks.offset(start);
      long endOffset = Blocks.offset(end);
      while (offset < endOffset) {
        if (poison.isSet()) {
          throw new NativeException("grow", 0, "the store failed meanwhile");
        }
        long length = Math.min(ZERO_BYTES, endOffset - offset);
        disk.write(zeroes.segment().asSlice(0, length), offset);
        counters.bytesGrown.add(length);
        offset += length;
      }
    } catch (NativeException e) {
      cutOff(start);
      throw e;
    }
    try {
      disk.sync();
    } catch (NativeException e) {
      poison.set(e);
      throw e;
    }
  }

  /** Gives a half-grown step back to the file system; keeping it would only waste space. */
  private void cutOff(long start) {
    if (!poison.isSet()) {
      try {
        disk.truncate(Blocks.offset(start));
      } catch (NativeException e) {
        System.getLogger(DataFile.class.getName())
            .log(System.Logger.Level.WARNING, "cannot cut off a failed growth: " + e.getMessage());
      }
    }
  }

  /**
   * Applies growth that has ended, if any. Thread: the commit role's holder.
   *
   * @return how many blocks were added at the end of the file.
   */
  public long takeGrown() {
    synchronized (this) {
      if (state == State.GROWN) {
        state = State.IDLE;
        long added = grownBlocks - blocks;
        blocks = grownBlocks;
        return added;
      }
      if (state == State.FAILED) {
        state = State.IDLE;
      }
      return 0;
    }
  }

  /**
   * Waits for growth that is under way. Thread: the commit role's holder.
   *
   * @return null when it ended well or none was under way, else why it failed.
   */
  public synchronized @Nullable NativeException awaitGrowth() {
    boolean interrupted = false;
    while (state == State.GROWING) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return state == State.FAILED ? failure : null;
  }

  /** Waits for growth under way and frees the memory. The disk stays open. */
  @Override
  public void close() {
    awaitGrowth();
    zeroes.close();
  }
}
