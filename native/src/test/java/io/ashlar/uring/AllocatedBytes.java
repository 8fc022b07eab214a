package io.ashlar.uring;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** How much a piece of code allocates on the Java heap once the compiler has settled. */
final class AllocatedBytes {
  private static final long DEADLINE_NS = 20_000_000_000L;
  private static final int ROUNDS = 5000;

  private AllocatedBytes() {}

  /**
   * Returns the bytes per round of the best window: the earlier ones pay for warming up, since a
   * downcall that is not yet optimised makes a slice of the captured errno. Ends at the first
   * window without any.
   */
  static long perRound(Runnable code) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    long start = System.nanoTime();
    while (least > 0 && System.nanoTime() - start < DEADLINE_NS) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int round = 0; round < ROUNDS; round++) {
        code.run();
      }
      least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / ROUNDS);
    }
    return least;
  }
}
