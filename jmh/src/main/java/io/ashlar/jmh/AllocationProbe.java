package io.ashlar.jmh;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
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
  private final List<Entrant.Round> rounds = new ArrayList<>();
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
    rounds.add(
        new Entrant.Round(
            operations * 1e9 / elapsedNs,
            latencies.getValueAtPercentile(50) / 1e3,
            latencies.getValueAtPercentile(99) / 1e3,
            latencies.getValueAtPercentile(99.9) / 1e3,
            (double) allocated / operations));
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

  /** Returns the median of a number of each round. */
  double median(ToDoubleFunction<Entrant.Round> number) {
    return Entrant.median(rounds.stream().mapToDouble(number).toArray());
  }
}
