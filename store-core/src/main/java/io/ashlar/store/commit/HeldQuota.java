package io.ashlar.store.commit;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.format.Blocks;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Bounds how much of the data file epochs hold before their commit, all together: streams that are
 * open for long, or for ever, leave space for what others commit (rule L26).
 *
 * <p>Whoever wants more waits for others to commit or close theirs, as for a buffer, up to a
 * deadline: epochs that wait for each other do not do so for ever.
 *
 * <p>Thread: any.
 */
final class HeldQuota {

  private static final long FULL_PARK_NS = 100_000;

  private final long blocksMax;
  private final AtomicLong held = new AtomicLong();

  /** Creates one of so many bytes. */
  HeldQuota(long bytesMax) {
    blocksMax = Blocks.count(bytesMax);
  }

  /** Takes blocks if there are as many left. */
  boolean tryTake(long blocks) {
    long now = held.get();
    while (now + blocks <= blocksMax) {
      long seen = held.compareAndExchange(now, now + blocks);
      if (seen == now) {
        return true;
      }
      now = seen;
    }
    return false;
  }

  /**
   * Takes blocks, and waits for them if it must.
   *
   * @param own what the epoch holds already.
   * @throws IllegalArgumentException if the epoch alone would hold more than all may.
   * @throws BackPressureTimeoutException if others held too much until the deadline.
   */
  void take(long own, long blocks, long timeoutMs) {
    if (own + blocks > blocksMax) {
      throw new IllegalArgumentException(
          "an epoch would hold more of the data file before its commit than all may, heldBytesMax;"
              + " commit it and begin another, or raise that: heldBytesMax="
              + Blocks.offset(blocksMax)
              + ", heldBytes="
              + Blocks.offset(own)
              + ", neededBytes="
              + Blocks.offset(blocks));
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (!tryTake(blocks)) {
      if (System.nanoTime() - deadline >= 0) {
        throw new BackPressureTimeoutException(
            "epochs that are open held as much of the data file as they may, until the deadline;"
                + " commit or close them, or raise heldBytesMax or backPressureTimeoutMs:"
                + " heldBytesMax="
                + Blocks.offset(blocksMax)
                + ", heldBytes="
                + Blocks.offset(held.get())
                + ", neededBytes="
                + Blocks.offset(blocks)
                + ", backPressureTimeoutMs="
                + timeoutMs,
            null);
      }
      LockSupport.parkNanos(this, FULL_PARK_NS);
    }
  }

  /** Gives blocks back: they were committed or are free again, or were never found. */
  void giveBack(long blocks) {
    long left = held.addAndGet(-blocks);
    assert left >= 0 : "L26: more was given back than was taken";
  }
}
