package io.ashlar.store.commit.epoch;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.spi.Driving;
import java.util.concurrent.TimeUnit;

/**
 * Bounds how much of the data file all epochs together hold before their commit. Streams that stay
 * open leave space for the commits of others (rule L26).
 *
 * <p>An epoch that needs more waits until others are committed or closed, or until a deadline, as
 * for a buffer. Epochs that wait for each other therefore do not wait forever.
 *
 * <p>Thread: any.
 */
public final class HeldQuota {

  private static final long FULL_PARK_NS = 100_000;

  private final Quota blocksHeld;

  /** Creates a quota of this many bytes. */
  public HeldQuota(long bytesMax) {
    blocksHeld = new Quota(Blocks.count(bytesMax));
  }

  /** Returns the bytes that all epochs hold now. */
  public long heldBytes() {
    return Blocks.offset(blocksHeld.taken());
  }

  /** Takes blocks if there are as many left. */
  public boolean tryTake(long blocks) {
    return blocksHeld.tryTake(blocks);
  }

  /**
   * Takes blocks, and waits for them if it must.
   *
   * @param own the blocks that the epoch already holds.
   * @throws IllegalArgumentException if the epoch alone would hold more than all may.
   * @throws BackPressureTimeoutException if others held too much until the deadline.
   */
  public void take(long own, long blocks, long timeoutMs) {
    if (own + blocks > blocksHeld.max()) {
      throw new IllegalArgumentException(
          "the epoch would hold more of the data file before its commit than heldBytesMax: commit"
              + " it and begin another, or raise heldBytesMax: heldBytesMax="
              + Blocks.offset(blocksHeld.max())
              + ", heldBytes="
              + Blocks.offset(own)
              + ", neededBytes="
              + Blocks.offset(blocks));
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (!tryTake(blocks)) {
      if (System.nanoTime() - deadline >= 0) {
        throw new BackPressureTimeoutException(
            "open epochs held heldBytesMax of the data file until the deadline: commit or close"
                + " them, or raise heldBytesMax or backPressureTimeoutMs: heldBytesMax="
                + Blocks.offset(blocksHeld.max())
                + ", heldBytes="
                + Blocks.offset(blocksHeld.taken())
                + ", neededBytes="
                + Blocks.offset(blocks)
                + ", backPressureTimeoutMs="
                + timeoutMs,
            null);
      }
      Driving.pause(this, FULL_PARK_NS);
    }
  }

  /** Gives blocks back: they were committed or are free again, or were never found. */
  public void giveBack(long blocks) {
    blocksHeld.giveBack(blocks);
  }
}
