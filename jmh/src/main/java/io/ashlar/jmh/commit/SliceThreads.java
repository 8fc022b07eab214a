package io.ashlar.jmh.commit;

import com.sun.management.ThreadMXBean;
import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.PeerFailedException;
import io.ashlar.jmh.peer.PeerWriter;
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
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;

/**
 * The threads of a cell, each with a batch of its own that all contestants share.
 *
 * <p>Thread: one at a time.
 */
public final class SliceThreads implements AutoCloseable {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final long LATENCY_NS_MAX = TimeUnit.MINUTES.toNanos(5);

  private final Arrivals arrivals;
  private final boolean freshIds;
  private final AtomicInteger nextId;
  private final int idCount;
  private final ExecutorService executor;
  private final BlobBatch[] batches;
  private final SplittableRandom[] randoms;
  private final Histogram[] histograms;

  /** Makes the threads of a cell that commit in a closed loop. */
  SliceThreads(Cell cell, long seed) {
    this(cell, seed, Arrivals.CLOSED);
  }

  /** Makes the threads of a cell that overwrite ids at random. */
  SliceThreads(Cell cell, long seed, Arrivals arrivals) {
    this(cell, seed, arrivals, false);
  }

  /**
   * Makes the threads of a cell.
   *
   * @param freshIds whether each batch has ids that none had before, instead of ids at random.
   */
  SliceThreads(Cell cell, long seed, Arrivals arrivals, boolean freshIds) {
    this.arrivals = arrivals;
    this.freshIds = freshIds;
    nextId = new AtomicInteger(cell.idCount());
    idCount = cell.idCount();
    batches = new BlobBatch[cell.threads()];
    randoms = new SplittableRandom[cell.threads()];
    histograms = new Histogram[cell.threads()];
    for (int i = 0; i < cell.threads(); i++) {
      batches[i] = new BlobBatch(cell.values(), cell.valueBytes(), seed + i);
      randoms[i] = new SplittableRandom(seed + i);
      histograms[i] = newHistogram();
    }
    executor =
        Executors.newFixedThreadPool(
            cell.threads(), Thread.ofPlatform().daemon().name("slice-", 0).factory());
  }

  /** Makes a histogram of nanoseconds. */
  public static Histogram newHistogram() {
    return new Histogram(LATENCY_NS_MAX, 3);
  }

  /** What happened in one slice; latencies were added to the histogram given. */
  record Outcome(long operations, long elapsedNs, long allocatedBytes) {}

  /** Lets every thread commit batches through its writer for a while. */
  Outcome run(List<PeerWriter> writers, long durationNs, Histogram latencies) {
    return runCommits(writers, Long.MAX_VALUE, durationNs, latencies);
  }

  /** Lets every thread commit a number of batches, or fewer when the time is over first. */
  Outcome runCommits(
      List<PeerWriter> writers, long commitsEach, long durationNs, Histogram latencies) {
    CountDownLatch ready = new CountDownLatch(batches.length);
    CountDownLatch start = new CountDownLatch(1);
    List<Future<Long>> results = new ArrayList<>();
    for (int i = 0; i < batches.length; i++) {
      int thread = i;
      PeerWriter writer = writers.get(i);
      results.add(
          executor.submit(() -> {
            ready.countDown();
            start.await();
            return commit(writer, thread, commitsEach, durationNs);
          }));
    }
    await(ready);
    long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
    long startNs = System.nanoTime();
    start.countDown();
    long endNs = startNs;
    for (Future<Long> result : results) {
      endNs = Math.max(endNs, get(result));
    }
    long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;
    long operations = 0;
    for (Histogram histogram : histograms) {
      operations += histogram.getTotalCount();
      latencies.add(histogram);
      histogram.reset();
    }
    return new Outcome(operations, endNs - startNs, allocated);
  }

  /**
   * Commits until that is done or the time is up; returns when the last commit ended. In an open
   * loop every commit that was due in time is made, or counted as lasting until now where the store
   * is behind by as much as the slice was to last.
   */
  private long commit(PeerWriter writer, int thread, long commits, long durationNs) {
    BlobBatch batch = batches[thread];
    SplittableRandom random = randoms[thread];
    Histogram histogram = histograms[thread];
    long start = System.nanoTime();
    long end = start + durationNs;
    long now = start;
    for (long i = 0; i < commits; i++) {
      long due = arrivals.isOpen() ? arrivals.dueNs(start, thread, batches.length, i) : now;
      if (due - end >= 0) {
        break;
      }
      if (now - end < durationNs) {
        Arrivals.await(due);
        batch.chooseIds(random, idCount);
        if (freshIds) {
          batch.setIds(nextId.getAndAdd(batch.count()));
        }
        writer.commit(batch);
        now = System.nanoTime();
      }
      histogram.recordValue(now - due);
    }
    return now;
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
      throw new PeerFailedException("a commit failed while measuring", e);
    }
  }

  @Override
  public void close() {
    executor.close();
    for (BlobBatch batch : batches) {
      batch.close();
    }
  }
}
