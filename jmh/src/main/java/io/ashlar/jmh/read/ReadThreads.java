package io.ashlar.jmh.read;

import com.sun.management.ThreadMXBean;
import io.ashlar.jmh.peer.PeerFailedException;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.ReadBuffer;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** The threads of a read cell, which all contestants share. Thread: one at a time. */
final class ReadThreads implements AutoCloseable {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final long LATENCY_NS_MAX = TimeUnit.SECONDS.toNanos(60);

  private final ReadCell cell;
  private final int idCount;
  private final ExecutorService executor;
  private final ReadBuffer[] targets;
  private final SplittableRandom[] randoms;
  private final Histogram[] histograms;
  private long sliceEndNs; // published by the start of a slice

  ReadThreads(ReadCell cell, int idCount, long seed) {
    this.cell = cell;
    this.idCount = idCount;
    targets = new ReadBuffer[cell.threads()];
    randoms = new SplittableRandom[cell.threads()];
    histograms = new Histogram[cell.threads()];
    for (int i = 0; i < cell.threads(); i++) {
      targets[i] = new ReadBuffer(cell.valueBytes());
      randoms[i] = new SplittableRandom(seed + i);
      histograms[i] = newHistogram();
    }
    executor =
        cell.virtual()
            ? Executors.newVirtualThreadPerTaskExecutor()
            : Executors.newFixedThreadPool(
                cell.threads(), Thread.ofPlatform().daemon().name("reader-", 0).factory());
  }

  /** Makes a histogram of nanoseconds. */
  static Histogram newHistogram() {
    return new Histogram(LATENCY_NS_MAX, 2);
  }

  /** What happened in one slice; latencies were added to the histogram given. */
  record Outcome(long reads, long elapsedNs, long allocatedBytes) {}

  /** Lets every thread read through its reader for a while. */
  Outcome run(List<PeerReader> readers, long durationNs, Histogram latencies) {
    CountDownLatch ready = new CountDownLatch(targets.length);
    CountDownLatch start = new CountDownLatch(1);
    List<Future<Long>> results = new ArrayList<>();
    for (int i = 0; i < targets.length; i++) {
      int thread = i;
      results.add(
          executor.submit(() -> {
            ready.countDown();
            start.await();
            return read(readers.get(thread), thread);
          }));
    }
    await(ready);
    long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
    long startNs = System.nanoTime();
    sliceEndNs = startNs + durationNs;
    start.countDown();
    long endNs = startNs;
    for (Future<Long> result : results) {
      endNs = Math.max(endNs, get(result));
    }
    long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;
    long samples = 0;
    for (Histogram histogram : histograms) {
      samples += histogram.getTotalCount();
      latencies.add(histogram);
      histogram.reset();
    }
    return new Outcome(samples * cell.readsASample(), endNs - startNs, allocated);
  }

  /** Reads until the time is up; returns when the last read ended. */
  private long read(PeerReader reader, int thread) {
    ReadBuffer target = targets[thread];
    SplittableRandom random = randoms[thread];
    Histogram histogram = histograms[thread];
    int together = cell.readsASample();
    long begin = System.nanoTime();
    long end = sliceEndNs; // of all: a thread that pins its carrier keeps others from beginning
    while (begin - end < 0) {
      for (int i = 0; i < together; i++) {
        if (reader.read(random.nextInt(idCount), target) != cell.valueBytes()) {
          throw new IllegalStateException("a value is missing or of another length");
        }
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
      throw new PeerFailedException("a read failed while measuring", e);
    }
  }

  @Override
  public void close() {
    executor.close();
    for (ReadBuffer target : targets) {
      target.close();
    }
  }
}
