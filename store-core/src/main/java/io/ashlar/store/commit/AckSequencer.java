package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.LogRecordFormat;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * Tells callers what became of their epochs, in epoch order. The durable epoch is the truth; the
 * blocking, the future and the callback form derive from it.
 *
 * <p>Thread: {@code ack…} and {@code deliver} by the commit role's holder; the rest by any.
 */
final class AckSequencer {

  private static final System.Logger LOG = System.getLogger(AckSequencer.class.getName());
  private static final VarHandle DURABLE;

  static {
    try {
      DURABLE = MethodHandles.lookup().findVarHandle(AckSequencer.class, "durable", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A group of so many epochs has more threads than the role's holder should wake. */
  static final int LARGE_GROUP = 20;

  private final Poison poison;
  private final EpochBufferPool buffers;
  private final Queue<Thread> waiters = new ConcurrentLinkedQueue<>();
  private final EpochBuffer[] durableGroup = new EpochBuffer[LogRecordFormat.EPOCHS_MAX];
  private int undelivered; // of durableGroup
  private volatile boolean closed; // written by the closing thread, read by any

  @SuppressWarnings(
      "unused") // through DURABLE: written by the role (release), read by any (acquire)
  private long durable;

  AckSequencer(long durableEpoch, Poison poison, EpochBufferPool buffers) {
    this.poison = poison;
    this.buffers = buffers;
    DURABLE.setRelease(this, durableEpoch);
  }

  /** Returns the last durable epoch. */
  long durableEpoch() {
    return (long) DURABLE.getAcquire(this);
  }

  /** Makes everything up to {@code epoch} count as durable, before anybody is told. */
  void setDurable(long epoch) {
    assert epoch >= durableEpoch() : "G3: epochs become durable in order";
    DURABLE.setRelease(this, epoch);
  }

  /** Notes that a group is durable, whose owners {@link #deliver} tells. */
  void ackDurable(EpochBuffer[] group, int count) {
    assert undelivered == 0 : "G10: the group before was not acknowledged";
    System.arraycopy(group, 0, durableGroup, 0, count);
    undelivered = count;
  }

  /** Returns whether owners of durable epochs are yet to be told. */
  boolean hasUndelivered() {
    return undelivered > 0;
  }

  /**
   * Tells the owners of the durable epochs that have not been told. Of the threads that wait for a
   * large group some are woken here, and each of these wakes the ones that it leads.
   */
  void deliver() {
    int count = undelivered;
    undelivered = 0;
    boolean large = count >= LARGE_GROUP;
    EpochOutcome leader = null;
    for (int i = 0; i < count; i++) {
      EpochBuffer buffer = durableGroup[i];
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
    if (count > 0) {
      wakeWaiters();
    }
  }

  private void tell(AckListener listener, EpochBuffer buffer) {
    EpochOutcome outcome = buffer.outcome();
    try {
      listener.onDurable(
          outcome.epoch(),
          buffer.putCount(),
          buffer.putCount(),
          buffer.deleteCount(),
          outcome.deletesApplied());
    } catch (Throwable e) { // a checked one too, from a language that has none
      LOG.log(System.Logger.Level.WARNING, "an acknowledgement listener threw", e);
    }
    buffers.recycle(buffer);
  }

  /** Tells the owner of an epoch that failed. */
  void ackFailed(EpochBuffer buffer, StoreException failure) {
    buffer.outcome().setFailure(failure);
    AckListener listener = buffer.outcome().listener();
    if (listener == null) {
      buffer.outcome().wake();
      return;
    }
    try {
      listener.onFailed(failure);
    } catch (Throwable e) { // a checked one too, from a language that has none
      LOG.log(System.Logger.Level.WARNING, "an acknowledgement listener threw", e);
    }
    buffers.recycle(buffer);
  }

  /** Lets nobody wait any longer. */
  void close() {
    closed = true;
    wakeWaiters();
  }

  /** Wakes those who wait for an epoch or for the failure of the store. */
  void wakeWaiters() {
    if (waiters.isEmpty()) {
      return; // an iterator is an object
    }
    for (Thread waiter : waiters) {
      LockSupport.unpark(waiter);
    }
  }

  /**
   * Waits until {@code epoch} is durable.
   *
   * @throws io.ashlar.store.StoreFailedException if the store failed first.
   * @throws StoreClosedException if the store was closed first.
   */
  void awaitDurable(long epoch) {
    if (durableEpoch() >= epoch) {
      return;
    }
    Thread self = Thread.currentThread();
    boolean interrupted = false;
    waiters.add(self);
    try {
      VarHandle.fullFence();
      while (durableEpoch() < epoch) {
        if (poison.isSet()) {
          throw poison.failure(true);
        }
        if (closed) {
          throw new StoreClosedException("the store was closed before epoch=" + epoch, null);
        }
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
    } finally {
      waiters.remove(self);
      if (interrupted) {
        self.interrupt();
      }
    }
  }
}
