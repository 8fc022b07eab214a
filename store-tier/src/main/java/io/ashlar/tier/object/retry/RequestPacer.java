package io.ashlar.tier.object.retry;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits the requests in flight. Throttling halves the limit, and each window of successes raises
 * it by one (additive increase, multiplicative decrease, as TCP does). Requests sent before the
 * last halving do not halve it again. When the store says how long to wait, nothing is sent until
 * then.
 *
 * <p>Thread: any. The lock is not held while waiting.
 */
final class RequestPacer {
  private final RetryClock clock;
  private final CountDownLatch cancelled;
  private final int most;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition left = lock.newCondition();

  // Guarded by lock.
  private double limit;
  private int inFlight;
  private long halvedNs;
  private long pausedUntilNs;

  RequestPacer(int most, RetryClock clock, CountDownLatch cancelled) {
    this.most = most;
    this.limit = most;
    this.clock = clock;
    this.cancelled = cancelled;
    this.halvedNs = clock.nowNs() - 1;
    this.pausedUntilNs = halvedNs;
  }

  /**
   * Waits until a request may be sent.
   *
   * @return when it was let go, to be given back to {@link #leave}.
   */
  long enter() throws InterruptedException {
    while (true) {
      long waitNs;
      lock.lockInterruptibly();
      try {
        while (inFlight >= (int) limit && cancelled.getCount() > 0) {
          left.await();
        }
        long nowNs = clock.nowNs();
        waitNs = pausedUntilNs - nowNs;
        if (waitNs <= 0 || cancelled.getCount() == 0) {
          inFlight++;
          return nowNs;
        }
      } finally {
        lock.unlock();
      }
      // Whether it was cancelled is checked above.
      var _ = clock.pause(waitNs, cancelled);
    }
  }

  /** The request that was let go at {@code enteredNs} was answered, or failed otherwise. */
  void leave(long enteredNs, boolean succeeded) {
    lock.lock();
    try {
      if (succeeded) {
        limit = Math.min(most, limit + 1 / limit);
      }
      left(enteredNs);
    } finally {
      lock.unlock();
    }
  }

  /** The request was throttled; {@code retryAfterMs} is below 0 if the store did not say. */
  void leaveThrottled(long enteredNs, long retryAfterMs) {
    lock.lock();
    try {
      long nowNs = clock.nowNs();
      if (enteredNs - halvedNs > 0) {
        limit = Math.max(1, limit / 2);
        halvedNs = nowNs;
      }
      if (retryAfterMs > 0) {
        long untilNs = nowNs + TimeUnit.MILLISECONDS.toNanos(retryAfterMs);
        pausedUntilNs = untilNs - pausedUntilNs > 0 ? untilNs : pausedUntilNs;
      }
      left(enteredNs);
    } finally {
      lock.unlock();
    }
  }

  private void left(long enteredNs) {
    assert enteredNs <= clock.nowNs();
    inFlight--;
    left.signalAll();
  }

  /** Wakes all waiting requests; they find the store closed. */
  void wake() {
    lock.lock();
    try {
      left.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Requests that may be in flight now. */
  int concurrency() {
    lock.lock();
    try {
      return (int) limit;
    } finally {
      lock.unlock();
    }
  }
}
