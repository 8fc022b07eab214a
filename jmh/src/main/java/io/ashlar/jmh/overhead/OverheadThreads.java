package io.ashlar.jmh.overhead;

import com.sun.management.ThreadMXBean;
import io.ashlar.jmh.machine.ProcessorTime;
import io.ashlar.jmh.peer.PeerFailedException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** The threads of a cell, which all contestants share. Thread: one at a time. */
final class OverheadThreads implements AutoCloseable {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final long LATENCY_NS_MAX = TimeUnit.MINUTES.toNanos(5);

  private final int together;
  private final ExecutorService executor;
  private final List<Histogram> histograms = new ArrayList<>();

  /**
   * What happened in one slice.
   *
   * @param processorNs processor time of the whole process.
   */
  record Outcome(long operations, long elapsedNs, long processorNs, long allocatedBytes) {}

  /**
   * Makes the threads.
   *
   * @param together how many operations are timed together.
   */
  OverheadThreads(int threads, int together) {
    this.together = together;
    for (int i = 0; i < threads; i++) {
      histograms.add(newHistogram());
    }
    executor =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("overhead-", 0).factory());
  }

  /** Makes a histogram of nanoseconds. */
  static Histogram newHistogram() {
    return new Histogram(LATENCY_NS_MAX, 3);
  }

  /**
   * Lets every thread repeat its operation for a while; adds latencies to the histogram given.
   *
   * @param operations one for each thread.
   */
  Outcome run(List<Runnable> operations, long durationNs, Histogram latencies) {
    CountDownLatch ready = new CountDownLatch(operations.size());
    CountDownLatch start = new CountDownLatch(1);
    List<Future<Long>> ends = new ArrayList<>();
    for (int i = 0; i < operations.size(); i++) {
      Runnable operation = operations.get(i);
      Histogram histogram = histograms.get(i);
      ends.add(
          executor.submit(() -> {
            ready.countDown();
            start.await();
            return repeat(operation, durationNs, histogram);
          }));
    }
    await(ready);
    long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
    long processorBefore = ProcessorTime.ofProcessNs();
    long startNs = System.nanoTime();
    start.countDown();
    long endNs = startNs;
    for (Future<Long> end : ends) {
      endNs = Math.max(endNs, get(end));
    }
    long processorNs = ProcessorTime.ofProcessNs() - processorBefore;
    long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;
    long samples = 0;
    for (Histogram histogram : histograms) {
      samples += histogram.getTotalCount();
      latencies.add(histogram);
      histogram.reset();
    }
    return new Outcome(samples * together, endNs - startNs, processorNs, allocated);
  }

  /** Repeats until the time is up; returns when the last operation ended. */
  private long repeat(Runnable operation, long durationNs, Histogram histogram) {
    long begin = System.nanoTime();
    long end = begin + durationNs;
    while (begin - end < 0) {
      for (int i = 0; i < together; i++) {
        operation.run();
      }
      long now = System.nanoTime();
      histogram.recordValue((now - begin) / together);
      begin = now;
    }
    return begin;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while measuring", e);
    }
  }

  private static long get(Future<Long> result) {
    try {
      return result.get();
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while measuring", e);
    } catch (ExecutionException e) {
      throw new PeerFailedException("an operation failed while measuring", e);
    }
  }

  @Override
  public void close() {
    executor.close();
  }
}
