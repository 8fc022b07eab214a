package io.ashlar.tier.readback;

import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.tier.ReadBackConfig;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends a read a second time when the first is slow, and takes the first answer.
 *
 * <p>A read is slow if it takes longer than the 95th percentile of the last {@value #LATENCIES}
 * reads, and longer than the configured minimum. The first {@value #LATENCIES_MIN} reads are never
 * sent twice. Apart from the first {@value #BURST}, second reads never exceed their configured
 * share of all: if everything is slow, more reads would only make it slower. The read that lost is
 * interrupted, and what it read is freed.
 *
 * <p>Thread: any; its caller waits, and an interrupt of the caller ends the reads.
 */
final class HedgedReads {
  static final int LATENCIES = 128;
  static final int LATENCIES_MIN = 20;
  static final int BURST = 4;

  private static final int PERCENTILE = 95;
  private static final int REFRESH_EVERY = 16;

  private final ThreadFactory threads = Thread.ofVirtual().name("ashlar-tier-get-", 0).factory();
  private final long delayNsMin;
  private final double share;

  final LongAdder hedges = new LongAdder();
  final LongAdder won = new LongAdder();

  // Guarded by this.
  private final long[] latenciesNs = new long[LATENCIES];
  private long reads;
  private long slowNs;
  private double tokens = BURST;

  HedgedReads(ReadBackConfig config) {
    this.delayNsMin = TimeUnit.MILLISECONDS.toNanos(config.hedgeDelayMsMin());
    this.share = config.hedgePercentMax() / 100.0;
  }

  /**
   * Reads.
   *
   * @param read what to do, once or twice; its result is closed if it is not the one returned.
   * @throws RuntimeException what the read threw: the last to fail, if both did.
   */
  <T extends AutoCloseable> T read(Supplier<T> read) {
    long startNs = System.nanoTime();
    long delayNs = share == 0 ? 0 : delayNs();
    T result = delayNs == 0 ? read.get() : new Race<>(read).run(delayNs);
    answered(System.nanoTime() - startNs);
    return result;
  }

  /** One read, sent once or twice. */
  private final class Race<T extends AutoCloseable> {
    private final Supplier<T> read;
    private final CompletableFuture<T> winner = new CompletableFuture<>();
    private final AtomicInteger running = new AtomicInteger(1);
    private volatile boolean secondWon;

    Race(Supplier<T> read) {
      this.read = read;
    }

    T run(long delayNs) {
      Thread first = begin(false);
      Thread second = null;
      try {
        try {
          return winner.get(delayNs, TimeUnit.NANOSECONDS);
        } catch (TimeoutException slow) {
          if (takeToken()) {
            hedges.increment();
            running.incrementAndGet();
            second = begin(true);
          }
          return winner.get();
        }
      } catch (InterruptedException e) {
        interrupt(first, second);
        Thread.currentThread().interrupt();
        return joined();
      } catch (ExecutionException e) {
        throw unwrapped(e.getCause());
      } finally {
        if (secondWon) {
          won.increment();
        }
        interrupt(first, second);
      }
    }

    private Thread begin(boolean isSecond) {
      Thread thread = threads.newThread(() -> attempt(isSecond));
      thread.start();
      return thread;
    }

    private void attempt(boolean isSecond) {
      T result;
      try {
        result = read.get();
      } catch (Throwable e) {
        // While the other is on its way it may succeed.
        if (running.decrementAndGet() == 0) {
          FutureOutcomes.fail(winner, e);
        }
        return;
      }
      if (!winner.isDone() && isSecond) {
        secondWon = true;
      }
      if (!winner.complete(result)) {
        closeLost(result);
      }
    }

    private T joined() {
      try {
        return winner.join();
      } catch (CompletionException e) {
        throw unwrapped(e.getCause());
      }
    }
  }

  private static void interrupt(Thread first, @Nullable Thread second) {
    first.interrupt();
    if (second != null) {
      second.interrupt();
    }
  }

  private static RuntimeException unwrapped(@Nullable Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException runtime ? runtime : new CompletionException(cause);
  }

  private static void closeLost(AutoCloseable lost) {
    try {
      lost.close();
    } catch (Exception e) {
      throw new IllegalStateException("freeing what was read twice failed", e);
    }
  }

  private synchronized long delayNs() {
    return reads < LATENCIES_MIN ? 0 : Math.max(delayNsMin, slowNs);
  }

  private synchronized void answered(long latencyNs) {
    latenciesNs[(int) (reads++ % LATENCIES)] = latencyNs;
    tokens = Math.min(BURST, tokens + share);
    if (reads % REFRESH_EVERY == 0 || reads == LATENCIES_MIN) {
      long[] sorted = Arrays.copyOf(latenciesNs, (int) Math.min(reads, LATENCIES));
      Arrays.sort(sorted);
      slowNs = sorted[(sorted.length - 1) * PERCENTILE / 100];
    }
  }

  private synchronized boolean takeToken() {
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }
}
