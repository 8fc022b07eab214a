package io.ashlar.store.commit.epoch;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A limit on the amount that all epochs together hold at one time.
 *
 * <p>Thread: any.
 */
public final class Quota {

  private final long max;
  private final AtomicLong taken = new AtomicLong();

  public Quota(long max) {
    this.max = max;
  }

  /** Takes an amount if as much is left. */
  public boolean tryTake(long amount) {
    long now = taken.get();
    while (now + amount <= max) {
      long seen = taken.compareAndExchange(now, now + amount);
      if (seen == now) {
        return true;
      }
      now = seen;
    }
    return false;
  }

  /** Returns whether as much is left at this moment. */
  public boolean hasLeft(long amount) {
    return taken.get() + amount <= max;
  }

  /** Gives an amount back. */
  public void giveBack(long amount) {
    long left = taken.addAndGet(-amount);
    assert left >= 0 : "more was released than taken";
  }

  /** Returns the amount that is taken now. */
  public long taken() {
    return taken.get();
  }

  /** Returns the most that can be taken. */
  public long max() {
    return max;
  }
}
