package io.ashlar.store.commit.group;

import io.ashlar.store.AckListener;
import io.ashlar.store.StallCause;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreException;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.EpochBufferPool;
import io.ashlar.store.commit.epoch.EpochOutcome;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.metrics.CommitLatency;
import io.ashlar.store.metrics.RoleTimeline;
import io.ashlar.store.metrics.Stalls;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.Uninterrupted;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * Tells callers the outcome of their epochs, in epoch order. The durable epoch is the truth. The
 * blocking, future and callback forms derive from it.
 *
 * <p>Thread: {@code ack…} and {@code deliver} belong to the commit role's holder; the rest is safe
 * from any thread.
 */
public final class AckSequencer {

  private static final VarHandle DURABLE;

  static {
    try {
      DURABLE = MethodHandles.lookup().findVarHandle(AckSequencer.class, "durable", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** How often a waiter looks by itself: its waker may have had no heap to wake it. */
  private static final long LOOK_NS = 100_000_000;

  /** From this many epochs on, a group has more threads than the role's holder should wake. */
  static final int LARGE_GROUP = 20;

  private final StoreGate gate;
  private final Poison poison;
  private final EpochBufferPool buffers;
  private final RoleTimeline timeline;
  private final Stalls stalls;
  private final CommitLatency latency;
  private final Queue<Thread> waiters = new ConcurrentLinkedQueue<>();
  private final EpochBuffer[] durableGroup = new EpochBuffer[LogRecordFormat.EPOCHS_MAX];
  private int undelivered; // of durableGroup
  private volatile boolean closed; // written by the closing thread, read by any

  @SuppressWarnings(
      "unused") // through DURABLE: written by the role (release), read by any (acquire)
  private long durable;

  /** Creates one of a store whose epochs up to {@code durableEpoch} are durable. */
  public AckSequencer(
      StoreGate gate,
      long durableEpoch,
      Poison poison,
      EpochBufferPool buffers,
      StoreCounters counters) {
    timeline = counters.timeline;
    stalls = counters.stalls;
    latency = counters.latency;
    this.gate = gate;
    this.poison = poison;
    this.buffers = buffers;
    DURABLE.setRelease(this, durableEpoch);
  }

  /** Returns the last durable epoch. */
  public long durableEpoch() {
    return (long) DURABLE.getAcquire(this);
  }

  /** Makes everything up to {@code epoch} count as durable, before any owner is told. */
  void setDurable(long epoch) {
    assert epoch >= durableEpoch() : "G3: epochs become durable in order";
    DURABLE.setRelease(this, epoch);
  }

  /**
   * Notes that a group is durable, whose owners {@link #deliver} tells; takes it out of the array.
   */
  void ackDurable(EpochBuffer[] group, int count) {
    assert undelivered == 0 : "G10: the previous group was not acknowledged";
    System.arraycopy(group, 0, durableGroup, 0, count);
    undelivered = count;
    Arrays.fill(group, 0, count, null); // told from here: no failure that comes later is theirs
  }

  /** Returns whether owners of durable epochs are yet to be told. */
  boolean hasUndelivered() {
    return undelivered > 0;
  }

  /**
   * Tells the owners of the durable epochs that have not been told. Of the threads that wait for a
   * large group some are woken here, and each of these wakes the ones that it leads.
   */
  public void deliver() {
    int count = undelivered;
    if (count == 0) {
      return;
    }
    undelivered = 0;
    StallCause activity = timeline.enter(StallCause.WORK);
    long toldNs = timeline.sinceNs();
    latency.told(toldNs - durableGroup[0].outcome().begunNs(), toldNs);
    boolean large = count >= LARGE_GROUP;
    EpochOutcome leader = null;
    for (int i = 0; i < count; i++) {
      EpochBuffer buffer = durableGroup[i];
      buffer.outcome().setToldNs(toldNs);
      AckListener listener = buffer.outcome().listener();
      if (listener != null) {
        tell(listener, buffer);
      } else if (!large || leader == null || !leader.tryLead(buffer.outcome())) {
        if (leader != null) {
          leader.wake(); // once all that it leads are known
        }
        leader = buffer.outcome();
      }
    }
    if (leader != null) {
      leader.wake();
    }
    wakeWaiters();
    if (activity != StallCause.WORK) {
      StallCause _ = timeline.enter(activity);
    }
  }

  private void tell(AckListener listener, EpochBuffer buffer) {
    EpochOutcome outcome = buffer.outcome();
    stalls.committed(outcome.begunNs(), outcome.gatheredNs(), outcome.toldNs());
    boolean noted = gate.beginListener();
    try {
      listener.onDurable(
          outcome.epoch(),
          buffer.putCount(),
          buffer.putCount(),
          buffer.deleteCount(),
          outcome.deletesApplied());
    } catch (Throwable e) { // a checked one too, from a language that has none
      drop(e);
    } finally {
      gate.endListener(noted);
    }
    buffers.recycle(buffer);
  }

  private static void drop(Throwable thrown) {
    Log.log(
        AckSequencer.class,
        System.Logger.Level.WARNING,
        "an acknowledgement listener threw",
        thrown);
  }

  /** Tells the owner of an epoch that failed. */
  public void ackFailed(EpochBuffer buffer, StoreException failure) {
    buffer.outcome().setFailure(failure);
    AckListener listener = buffer.outcome().listener();
    if (listener == null) {
      buffer.outcome().wake();
      return;
    }
    boolean noted = gate.beginListener();
    try {
      listener.onFailed(failure);
    } catch (Throwable e) { // a checked one too, from a language that has none
      drop(e);
    } finally {
      gate.endListener(noted);
    }
    buffers.recycle(buffer);
  }

  /**
   * Fails the epochs of a group that have not been told anything yet, after the store was poisoned.
   * An epoch that was told is no longer in the array: its buffer may be in use for another.
   */
  public void failAll(EpochBuffer[] group, int count) {
    for (int i = 0; i < count; i++) {
      EpochBuffer epoch = group[i];
      if (epoch != null) {
        Arrays.fill(group, i, i + 1, null);
        epoch.releaseBuffers();
        ackFailed(epoch, poison.failure(true));
      }
    }
  }

  /** Ends all waits. */
  public void close() {
    closed = true;
    wakeWaiters();
  }

  /** Wakes the threads that wait for an epoch or for the failure of the store. */
  public void wakeWaiters() {
    if (waiters.isEmpty()) {
      return; // an iterator is an object
    }
    try {
      for (Thread waiter : waiters) {
        LockSupport.unpark(waiter);
      }
    } catch (OutOfMemoryError e) {
      // they look by themselves a little later
    }
  }

  /**
   * Waits until {@code epoch} is durable.
   *
   * @throws io.ashlar.store.StoreFailedException if the store failed first.
   * @throws StoreClosedException if the store was closed first.
   */
  public void awaitDurable(long epoch) {
    if (durableEpoch() >= epoch) {
      return;
    }
    Thread self = Thread.currentThread();
    waiters.add(self);
    try {
      VarHandle.fullFence();
      Uninterrupted.parkUntil(this, () -> isDurable(epoch), LOOK_NS);
    } finally {
      waiters.remove(self);
    }
  }

  private boolean isDurable(long epoch) {
    if (durableEpoch() >= epoch) {
      return true;
    }
    if (poison.isSet()) {
      throw poison.failure(true);
    }
    if (closed) {
      throw new StoreClosedException("the store was closed before epoch=" + epoch, null);
    }
    return false;
  }
}
