package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.RequestLimits;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Sends one request until it has a final answer. It waits for its budget and its turn, and repeats
 * as {@link RetryPolicy} says. Before it repeats a failed write, it asks whether that was applied.
 *
 * <pre>{@code
 *        budget, turn             retryable             within attempts and deadline
 * begin ------------> SENT --------------------> FAILED ----------------------------> backoff
 *                      |  ^                        |                                     |
 *             answered |  |        unsettled       | no more          settled            |
 *                      v  +------------------------|----------------- settle() <---------+
 *                    DONE <------------------------|---------------------+
 *                                                  v
 *                                         settle(), else thrown
 * }</pre>
 *
 * <p>Thread: any; a request stays on its caller's. Interrupts and closing end every wait at once.
 */
final class RetryLoop {
  /** What a request is billed as. */
  enum Bill {
    READ,
    WRITE
  }

  private final RetryPolicy policy;
  private final RequestLimits limits;
  private final RetryClock clock;
  private final RandomGenerator random;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final TokenBucket reads;
  private final TokenBucket writes;
  private final TokenBucket sent;
  private final TokenBucket received;
  final RequestPacer pacer;
  final LongAdder retries = new LongAdder();
  final LongAdder throttled = new LongAdder();

  RetryLoop(RetryPolicy policy, RequestLimits limits, RetryClock clock, RandomGenerator random) {
    this.policy = policy;
    this.limits = limits;
    this.clock = clock;
    this.random = random;
    this.reads = TokenBucket.perHour(limits.readsPerHour(), clock);
    this.writes = TokenBucket.perHour(limits.writesPerHour(), clock);
    this.sent = TokenBucket.perSecond(limits.sentBytesPerSecond(), clock);
    this.received = TokenBucket.perSecond(limits.receivedBytesPerSecond(), clock);
    this.pacer = new RequestPacer(limits.concurrentMax(), clock, closed);
  }

  /** The same with other limits, and nothing counted yet. */
  RetryLoop withLimits(RequestLimits newLimits) {
    return new RetryLoop(policy, newLimits, clock, random);
  }

  int attemptsMax() {
    return policy.attemptsMax();
  }

  /** Sends a request whose repetition does no harm. */
  <T> T run(Bill bill, Supplier<T> request) {
    return run(bill, 0, request, failure -> Optional.empty());
  }

  /**
   * Sends a request.
   *
   * @param sentBytes body bytes of one attempt.
   * @param settle told the last failure; gives the result if that attempt turns out to have been
   *     applied after all, or empty if it must be sent again. Runs without a turn of its own.
   */
  <T> T run(
      Bill bill,
      long sentBytes,
      Supplier<T> request,
      Function<ObjectStoreException, Optional<T>> settle) {
    long startNs = clock.nowNs();
    long backoffMs = policy.backoffFirstMs();
    for (int attempt = 1; ; attempt++) {
      ObjectStoreException failure;
      try {
        return send(bill, sentBytes, request);
      } catch (ObjectStoreException e) {
        failure = e;
      }
      boolean again = failure.retryable() && failure.kind() != FailureKind.OVER_BUDGET;
      if (!again && attempt == 1) {
        throw failure;
      }
      long delayMs = Math.max(random.nextLong(backoffMs + 1), Math.max(0, failure.retryAfterMs()));
      long elapsedMs = TimeUnit.NANOSECONDS.toMillis(clock.nowNs() - startNs);
      again =
          again
              && attempt < policy.attemptsMax()
              && elapsedMs + delayMs <= policy.deadlineMs(failure.kind());
      if (again) {
        pause(TimeUnit.MILLISECONDS.toNanos(delayMs), failure);
      }
      Optional<T> settled = settle(settle, failure);
      if (settled.isPresent()) {
        return settled.get();
      }
      if (!again) {
        throw gaveUp(failure, attempt, elapsedMs);
      }
      retries.increment();
      backoffMs = Math.min(policy.backoffMaxMs(), backoffMs * 2);
    }
  }

  private static <T> Optional<T> settle(
      Function<ObjectStoreException, Optional<T>> settle, ObjectStoreException failure) {
    if (failure.kind() == FailureKind.INTERRUPTED) {
      return Optional.empty();
    }
    try {
      return settle.apply(failure);
    } catch (ObjectStoreException readBack) {
      failure.addSuppressed(readBack);
      throw failure;
    }
  }

  private <T> T send(Bill bill, long sentBytes, Supplier<T> request) {
    budget(bill);
    if (sentBytes > 0) {
      pause(sent.take((double) sentBytes), null);
    }
    long enteredNs;
    try {
      enteredNs = pacer.enter();
    } catch (InterruptedException e) {
      throw interrupted(null);
    }
    boolean left = false;
    try {
      T result = request.get();
      left = true;
      pacer.leave(enteredNs, true);
      return result;
    } catch (ObjectStoreException e) {
      if (e.kind() == FailureKind.THROTTLED) {
        left = true;
        throttled.increment();
        pacer.leaveThrottled(enteredNs, e.retryAfterMs());
      }
      throw e;
    } finally {
      if (!left) {
        pacer.leave(enteredNs, false);
      }
    }
  }

  private void budget(Bill bill) {
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted(null);
    }
    TokenBucket bucket = bill == Bill.READ ? reads : writes;
    long waitNs = bucket.take(1);
    if (waitNs > TimeUnit.MILLISECONDS.toNanos(limits.budgetWaitMaxMs())) {
      bucket.giveBack(1);
      throw new ObjectStoreException(
          "request budget is used up: kind="
              + bill
              + ", perHour="
              + (bill == Bill.READ ? limits.readsPerHour() : limits.writesPerHour())
              + ", nextInMs="
              + TimeUnit.NANOSECONDS.toMillis(waitNs),
          FailureKind.OVER_BUDGET,
          TimeUnit.NANOSECONDS.toMillis(waitNs),
          null);
    }
    pause(waitNs, null);
  }

  /** Waits for the bandwidth of bytes that have arrived. */
  void received(long bytes) {
    pause(received.take((double) bytes), null);
  }

  /** Waits between two attempts that this class does not count. */
  void backoff(int attempt, ObjectStoreException failure) {
    long capMs =
        Math.min(policy.backoffMaxMs(), policy.backoffFirstMs() << Math.min(attempt - 1, 20));
    pause(TimeUnit.MILLISECONDS.toNanos(random.nextLong(capMs + 1)), failure);
  }

  private void pause(long ns, @Nullable ObjectStoreException failure) {
    if (ns <= 0) {
      return;
    }
    try {
      if (clock.pause(ns, closed)) {
        IllegalStateException closing =
            new IllegalStateException("object store was closed while a request waited");
        if (failure != null) {
          closing.addSuppressed(failure);
        }
        throw closing;
      }
    } catch (InterruptedException e) {
      throw interrupted(failure);
    }
  }

  private static ObjectStoreException interrupted(@Nullable ObjectStoreException failure) {
    Thread.currentThread().interrupt();
    return new ObjectStoreException(
        "interrupted while a request waited"
            + (failure == null ? "" : ", last failure: " + failure.getMessage()),
        FailureKind.INTERRUPTED,
        ObjectStoreException.NOT_SAID,
        failure);
  }

  private static ObjectStoreException gaveUp(
      ObjectStoreException failure, int attempts, long elapsedMs) {
    if (attempts == 1 || !failure.retryable()) {
      return failure;
    }
    return new ObjectStoreException(
        failure.getMessage() + ", attempts=" + attempts + ", elapsedMs=" + elapsedMs,
        failure.kind(),
        failure.retryAfterMs(),
        failure);
  }

  void close() {
    closed.countDown();
    pacer.wake();
  }
}
