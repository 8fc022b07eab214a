package io.ashlar.store.space;

import static io.ashlar.store.space.ZeroFill.CHUNK_BYTES;
import static io.ashlar.store.space.ZeroFill.PIECE_BYTES;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Fills a step of growth, or a hole, part by part (rule L29). Each part can be used once it is
 * synced, so a caller that needs space waits for as much as it needs, not for the whole step.
 *
 * <p>A step is allocated at once, so that the file's length changes once, and then filled with
 * zeroes (decision 0086). A failure abandons the parts that are not filled yet. At the end of the
 * file they are cut off.
 *
 * <p>Thread: one at a time, the growth's; it touches only the blocks of its range.
 */
final class GrowthFill implements AutoCloseable {

  /**
   * A part, unless a thread waits for more. The sync of a commit takes as long as the device needs
   * for all earlier writes, including those of the growth.
   */
  private static final long PART_BLOCKS = Blocks.count(CHUNK_BYTES);

  /** What the growth and those who wait for it tell each other. Thread: any. */
  interface Waiters {

    /**
     * Returns the end of what a thread waits for, in blocks; less than the range's start if none.
     */
    long awaitedEnd();

    /** Notes that the blocks up to {@code end} can be used; not called for the last part. */
    void onFilled(long end);
  }

  private final GuardedDisk guarded;
  private final Disk disk;
  private final ZeroFill zeroes;
  private final Waiters waiters;

  GrowthFill(GuardedDisk guarded, Waiters waiters) {
    this.guarded = guarded;
    this.waiters = waiters;
    disk = guarded.disk();
    zeroes = new ZeroFill(disk);
  }

  /**
   * Fills the blocks from {@code start} to {@code end}.
   *
   * @param atEnd whether they begin at the end of the file, rather than in a hole.
   * @param onlyAllocates whether they are to be allocated only, where the file system can.
   * @param pace rests before each write, unless it was told to hurry.
   * @throws NativeException if a call failed; what {@link Waiters#onFilled} was told can be used.
   */
  void fill(long start, long end, boolean atEnd, boolean onlyAllocates, BackgroundWork pace) {
    long filled = start;
    try {
      if (onlyAllocates) {
        zeroes.mark(Blocks.offset(start), Blocks.offset(end), this::beforeWrite);
        guarded.sync();
        return;
      }
      boolean allocated = allocate(start, end);
      while (filled < end) {
        long awaitedEnd = waiters.awaitedEnd();
        long partEnd = Math.min(end, Math.max(filled + PART_BLOCKS, awaitedEnd));
        int pieceBytes = allocated && awaitedEnd <= filled ? PIECE_BYTES : CHUNK_BYTES;
        zeroes.fill(
            Blocks.offset(filled),
            Blocks.offset(partEnd),
            pieceBytes,
            bytes -> {
              pace.rest(bytes);
              beforeWrite(bytes);
            });
        guarded.sync();
        filled = partEnd;
        if (filled < end) {
          waiters.onFilled(filled);
        }
      }
    } catch (NativeException e) {
      if (atEnd) {
        cutOff(filled);
      }
      throw e;
    }
  }

  /**
   * Gives a step its blocks, so that the file's length does not change with each write of zeroes.
   * The sync takes the cost of the new length off the next commit's.
   *
   * @return false where the file system cannot do that.
   */
  private boolean allocate(long start, long end) {
    requireHealthy();
    if (!zeroes.allocate(Blocks.offset(start), Blocks.offset(end))) {
      return false;
    }
    if (waiters.awaitedEnd() <= start) {
      guarded.sync();
    }
    return true;
  }

  /**
   * Fills ranges that lie elsewhere with zeroes and syncs them. Thread: any; a growth may be under
   * way.
   *
   * @param ranges the first block of each range and the block after it; no other write touches
   *     them.
   * @return why the disk has no space for them, or null.
   * @throws NativeException if a call failed otherwise.
   */
  @Nullable NativeException fillNow(List<long[]> ranges) {
    try (ZeroFill own = new ZeroFill(disk)) { // a growth may be using the other
      for (long[] range : ranges) {
        own.fill(Blocks.offset(range[0]), Blocks.offset(range[1]), this::beforeWrite);
      }
    } catch (NativeException e) {
      if (e.errno() == Errno.ENOSPC || e.errno() == Errno.EDQUOT) {
        return e;
      }
      throw e;
    }
    guarded.sync();
    return null;
  }

  private void beforeWrite(long bytes) {
    requireHealthy();
    guarded.counters().bytesGrown.add(bytes);
  }

  private void requireHealthy() {
    if (guarded.poison().isSet()) {
      throw new NativeException("grow", 0, "the store failed meanwhile"); // L24
    }
  }

  /** Gives what was not filled back to the file system; keeping it would only waste space. */
  private void cutOff(long from) {
    if (!guarded.poison().isSet()) {
      try {
        disk.truncate(Blocks.offset(from));
      } catch (NativeException e) {
        Log.log(
            GrowthFill.class,
            System.Logger.Level.WARNING,
            "cannot cut off a failed growth: " + e.getMessage());
      }
    }
  }

  /** Frees the memory. The disk stays open. */
  @Override
  public void close() {
    zeroes.close();
  }
}
