package io.ashlar.tier.object.retry;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Time as retries see it. Thread: any. */
public interface RetryClock {
  /** {@return nanoseconds since some moment; never goes back} */
  long nowNs();

  /**
   * Waits.
   *
   * @param ns how long, 0 or more.
   * @param cancelled waiting ends early when this is counted down.
   * @return whether it was cancelled.
   * @throws InterruptedException if the thread is interrupted.
   */
  boolean pause(long ns, CountDownLatch cancelled) throws InterruptedException;

  /** {@return the clock of this machine} */
  static RetryClock system() {
    return new RetryClock() {
      @Override
      public long nowNs() {
        return System.nanoTime();
      }

      @Override
      public boolean pause(long ns, CountDownLatch cancelled) throws InterruptedException {
        return cancelled.await(ns, TimeUnit.NANOSECONDS);
      }
    };
  }
}
