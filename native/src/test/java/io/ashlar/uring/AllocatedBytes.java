package io.ashlar.uring;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** How much a piece of code allocates on the Java heap once the compiler has settled. */
final class AllocatedBytes {
  private static final int WINDOWS = 12;
  private static final int ROUNDS = 5000;

  private AllocatedBytes() {}

  /** Returns the bytes per round of the best window: the earlier ones also pay for warming up. */
  static long perRound(Runnable code) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int window = 0; window < WINDOWS && least > 0; window++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int round = 0; round < ROUNDS; round++) {
        code.run();
      }
      least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / ROUNDS);
    }
    return least;
  }
}
