package io.ashlar.jmh.commit;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * When the threads of a cell begin their commits.
 *
 * <p>In a closed loop a thread begins the next commit when the last one ended. In an open loop
 * commits are due at a fixed rate, in turn for each thread, whatever the store does. Latency then
 * counts from the time at which a commit was due, so a store that stalls also answers for the
 * commits that had to wait for it (Tene, "How NOT to Measure Latency").
 *
 * @param perS commits a second by all threads together; 0 in a closed loop.
 */
record Arrivals(double perS) {

  /** Each thread begins as soon as it can. */
  static final Arrivals CLOSED = new Arrivals(0);

  private static final double NS_PER_S = TimeUnit.SECONDS.toNanos(1);

  Arrivals {
    if (!(perS >= 0) || Double.isInfinite(perS)) {
      throw new IllegalArgumentException("a rate of arrivals: perS=" + perS);
    }
  }

  /** Returns whether commits are due at a rate. */
  boolean isOpen() {
    return perS > 0;
  }

  /**
   * Returns when a thread's commit is due in an open loop, by {@link System#nanoTime}.
   *
   * @param startNs when the slice began.
   * @param number counts the thread's commits from 0.
   */
  long dueNs(long startNs, int thread, int threads, long number) {
    return startNs + (long) ((number * threads + thread) * NS_PER_S / perS);
  }

  /** Waits until a time, or not at all if it has passed. */
  static void await(long dueNs) {
    long leftNs = dueNs - System.nanoTime();
    while (leftNs > 0) {
      LockSupport.parkNanos(leftNs);
      leftNs = dueNs - System.nanoTime();
    }
  }
}
