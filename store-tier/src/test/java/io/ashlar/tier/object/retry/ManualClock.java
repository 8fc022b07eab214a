package io.ashlar.tier.object.retry;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A clock that stands still but for pauses, which it takes down and passes at once. */
final class ManualClock implements RetryClock {
  private final List<Long> pausesMs = new ArrayList<>();
  private long nowNs = 1_000_000_000_000L;
  private Runnable onPause = () -> {};

  @Override
  public synchronized long nowNs() {
    return nowNs;
  }

  @Override
  public boolean pause(long ns, CountDownLatch cancelled) throws InterruptedException {
    Runnable action;
    synchronized (this) {
      nowNs += ns;
      pausesMs.add(TimeUnit.NANOSECONDS.toMillis(ns));
      action = onPause;
    }
    action.run();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    return cancelled.getCount() == 0;
  }

  /** Runs within every pause. */
  synchronized void onPause(Runnable action) {
    onPause = action;
  }

  synchronized void advanceMs(long ms) {
    nowNs += TimeUnit.MILLISECONDS.toNanos(ms);
  }

  /** Every pause so far, in milliseconds. */
  synchronized List<Long> pausesMs() {
    return List.copyOf(pausesMs);
  }

  synchronized long sumMs() {
    return pausesMs.stream().mapToLong(Long::longValue).sum();
  }
}
