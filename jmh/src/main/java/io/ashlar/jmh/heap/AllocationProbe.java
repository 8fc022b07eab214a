package io.ashlar.jmh.heap;

import com.sun.management.ThreadMXBean;
import io.ashlar.jmh.commit.SliceThreads;
import io.ashlar.jmh.contest.Round;
import io.ashlar.jmh.contest.Rounds;
import java.lang.management.ManagementFactory;
import org.HdrHistogram.Histogram;

/**
 * Counts the heap that an operation allocates once the compiler has done its work: by all threads
 * of this JVM, a store's own included, from the JVM's per-thread counters.
 *
 * <p>The loop that counts allocates nothing itself. Thread: the caller's, which does the
 * operations.
 */
final class AllocationProbe {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Histogram latencies = SliceThreads.newHistogram();
  private final Rounds rounds = new Rounds();
  private long operations;

  /** Runs an operation for a while without counting. */
  void warmUp(Runnable operation, long durationNs) {
    repeat(operation, durationNs);
    latencies.reset();
  }

  /** Runs an operation for a while, and keeps what it allocated as one round. */
  void round(Runnable operation, long durationNs) {
    long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
    long elapsedNs = repeat(operation, durationNs);
    long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;
    rounds.add(Round.of(operations, elapsedNs, latencies, allocated));
    latencies.reset();
  }

  private long repeat(Runnable operation, long durationNs) {
    operations = 0;
    long start = System.nanoTime();
    long begin = start;
    while (begin - start < durationNs) {
      operation.run();
      long now = System.nanoTime();
      latencies.recordValue(now - begin);
      begin = now;
      operations++;
    }
    return begin - start;
  }

  /** Returns what each round measured. */
  Rounds rounds() {
    return rounds;
  }
}
