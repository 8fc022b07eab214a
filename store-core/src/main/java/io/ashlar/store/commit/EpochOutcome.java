package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.StoreException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What became of a committed epoch, and who is told: a listener, or a thread that waits.
 *
 * <p>The role's holder need not wake every thread of a large group: an outcome may <i>lead</i>
 * others, which are published at once and whose threads its own wakes.
 *
 * <p>Thread: the caller until the epoch is queued, then the commit role's holder; {@code done}
 * hands it back.
 */
final class EpochOutcome {

  private static final int LED_MAX = 15;

  private volatile boolean done; // written by the role's holder, read by the committing thread
  private @Nullable Thread waiter;
  private final @Nullable Thread[] led =
      new Thread[LED_MAX]; // by the role before done, then the waiter
  private int ledCount;
  private @Nullable AckListener listener;
  private @Nullable StoreException failure;
  private long epoch;
  private int deletesApplied;

  /** Prepares for a commit whose outcome {@code newListener} is told. Thread: the caller. */
  void expect(AckListener newListener) {
    listener = newListener;
    waiter = null;
    done = false;
  }

  /** Prepares for a commit whose outcome this thread waits for. */
  void expectHere() {
    listener = null;
    waiter = Thread.currentThread();
    done = false;
  }

  /** Returns who is told of the outcome, or null when a thread waits for it. */
  @Nullable AckListener listener() {
    return listener;
  }

  /** Sets what a durable commit did. Thread: the commit role's holder. */
  void setResult(long newEpoch, int newDeletesApplied) {
    epoch = newEpoch;
    deletesApplied = newDeletesApplied;
    failure = null;
  }

  /** Sets why a commit failed. Thread: the commit role's holder. */
  void setFailure(StoreException newFailure) {
    failure = newFailure;
  }

  /** Publishes the outcome and wakes the waiting thread. Thread: the commit role's holder. */
  void wake() {
    Thread thread = waiter;
    done = true;
    LockSupport.unpark(thread);
  }

  /**
   * Publishes another outcome, whose thread this one's is to wake once it runs.
   *
   * @return false, and nothing done, when it has as many to wake as it takes. Thread: the commit
   *     role's holder, before {@link #wake}.
   */
  boolean tryLead(EpochOutcome other) {
    if (ledCount == led.length) {
      return false;
    }
    led[ledCount++] = other.waiter; // first: then its thread may use it for the next epoch
    other.done = true;
    return true;
  }

  private void wakeLed() {
    for (int i = 0; i < ledCount; i++) {
      LockSupport.unpark(led[i]);
      led[i] = null;
    }
    ledCount = 0;
  }

  /** Waits for the outcome, however often the thread is interrupted. */
  void await() {
    boolean interrupted = false;
    while (!done) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    wakeLed();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the number of the epoch that became durable. */
  long epoch() {
    return epoch;
  }

  /** Returns how many of its deletes found a blob. */
  int deletesApplied() {
    return deletesApplied;
  }

  /** Returns why the commit failed, or null. */
  @Nullable StoreException failure() {
    return failure;
  }

  /** Forgets whom it told. */
  void reset() {
    failure = null;
    listener = null;
    waiter = null;
  }
}
