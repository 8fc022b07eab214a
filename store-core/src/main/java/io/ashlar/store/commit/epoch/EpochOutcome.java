package io.ashlar.store.commit.epoch;

import io.ashlar.store.AckListener;
import io.ashlar.store.StoreException;
import io.ashlar.store.spi.Uninterrupted;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of a committed epoch and its recipient: a listener, or a thread that waits.
 *
 * <p>The role's holder need not wake every thread of a large group. An outcome may <i>lead</i>
 * others: these are published at once, and the leading outcome's thread wakes their threads.
 *
 * <p>Thread: the caller until the epoch is queued, then the commit role's holder; {@code done}
 * returns it to the caller.
 */
public final class EpochOutcome {

  private static final int LED_MAX = 15;

  private volatile boolean done; // written by the role's holder, read by the committing thread
  private final BooleanSupplier isDone = this::isDoneOrLed; // made here: await needs no heap
  private @Nullable GroupLeader leader; // the waiter's
  private @Nullable Thread waiter;
  private final @Nullable Thread[] led =
      new Thread[LED_MAX]; // by the role before done, then the waiter
  private int ledCount;
  private @Nullable AckListener listener;
  private @Nullable StoreException failure;
  private long epoch;
  private int deletesApplied;
  private long begunNs; // by the caller, as the two below by the role: on the store's clock
  private long gatheredNs;
  private long toldNs;

  /** Prepares for a commit whose outcome {@code newListener} is told. Thread: the caller. */
  public void expect(AckListener newListener) {
    listener = newListener;
    waiter = null;
    done = false;
  }

  /** Prepares for a commit whose outcome this thread waits for. */
  public void expectHere() {
    listener = null;
    waiter = Thread.currentThread();
    done = false;
  }

  /** Returns who is told of the outcome, or null when a thread waits for it. */
  public @Nullable AckListener listener() {
    return listener;
  }

  /** Sets what a durable commit did. Thread: the commit role's holder. */
  public void setResult(long newEpoch, int newDeletesApplied) {
    epoch = newEpoch;
    deletesApplied = newDeletesApplied;
    failure = null;
  }

  /** Notes when the caller called commit. Thread: the caller. */
  public void setBegunNs(long newBegunNs) {
    begunNs = newBegunNs;
  }

  /** Notes when the epoch was taken into a group. Thread: the commit role's holder. */
  public void setGatheredNs(long newGatheredNs) {
    gatheredNs = newGatheredNs;
  }

  /** Notes when the group's callers began to be told. Thread: the commit role's holder. */
  public void setToldNs(long newToldNs) {
    toldNs = newToldNs;
  }

  /** Sets why a commit failed. Thread: the commit role's holder. */
  public void setFailure(StoreException newFailure) {
    failure = newFailure;
  }

  /** Publishes the outcome and wakes the waiting thread. Thread: the commit role's holder. */
  public void wake() {
    Thread thread = waiter;
    done = true;
    LockSupport.unpark(thread);
  }

  /**
   * Publishes another outcome, whose thread this one's is to wake once it runs.
   *
   * @return false, without an effect, if this outcome already leads as many as it may. Thread: the
   *     commit role's holder, before {@link #wake}.
   */
  public boolean tryLead(EpochOutcome other) {
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

  /** Returns whether the outcome is known. */
  public boolean isDone() {
    return done;
  }

  private boolean isDoneOrLed() {
    GroupLeader leading = leader;
    if (!done && leading != null) {
      leading.leadUntilDone(this);
    }
    return done;
  }

  /** Returns the platform thread that waits, or null. Thread: the commit role's holder. */
  public @Nullable Thread platformWaiter() {
    Thread thread = waiter;
    return thread != null && !thread.isVirtual() ? thread : null;
  }

  /** Waits for the outcome, and leads groups whenever the role is free meanwhile. */
  public void awaitLeading(GroupLeader leading) {
    leader = leading;
    VarHandle.fullFence(); // the epoch was queued before the role is looked at
    await();
    leader = null;
  }

  /** Waits for the outcome; remembers interrupts and keeps waiting. */
  public void await() {
    Uninterrupted.parkUntil(this, isDone);
    wakeLed();
  }

  /** Returns when the caller called commit. */
  public long begunNs() {
    return begunNs;
  }

  /** Returns when the epoch, which is durable, was taken into a group. */
  public long gatheredNs() {
    return gatheredNs;
  }

  /** Returns when the callers of its group, which is durable, began to be told. */
  public long toldNs() {
    return toldNs;
  }

  /** Returns the number of the epoch that became durable. */
  public long epoch() {
    return epoch;
  }

  /** Returns how many of its deletes found a blob. */
  public int deletesApplied() {
    return deletesApplied;
  }

  /** Returns why the commit failed, or null. */
  public @Nullable StoreException failure() {
    return failure;
  }

  /** Forgets whom it told. */
  void reset() {
    failure = null;
    listener = null;
    waiter = null;
  }
}
