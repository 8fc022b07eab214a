package io.ashlar.store.disk;

import io.ashlar.store.spi.Uninterrupted;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The threads that wait for a buffer, oldest first, parked without a lock.
 *
 * <p>No wake-up is lost. A waiter enters the queue, then passes a full fence, then checks the pool.
 * A releasing thread returns the buffer to the pool, then passes a full fence, then checks the
 * queue. Who leaves the queue, with a buffer or without, looks at both again, because the wake-up
 * it had may have been meant for more than it took. One wake-up goes to one waiter that can use
 * what is free.
 *
 * <p>Thread: any.
 */
final class BufferWaiters {

  private final class Waiter implements BooleanSupplier {
    final Thread thread = Thread.currentThread();
    final int sizeClass;
    final AtomicBoolean signalled = new AtomicBoolean();
    private @Nullable PooledBuffer buffer; // the waiting thread's

    Waiter(int sizeClass) {
      this.sizeClass = sizeClass;
    }

    /** Takes a buffer if there is one. Who signals after this wakes the thread. */
    @Override
    public boolean getAsBoolean() {
      signalled.set(false);
      VarHandle.fullFence();
      buffer = pool.tryTakeClass(sizeClass);
      return buffer != null;
    }
  }

  /** A waiter looks by itself so often: who should have woken it may have had no heap for that. */
  private static final long LOOK_NS = 100_000_000;

  private final BufferPool pool;
  private final ConcurrentLinkedQueue<Waiter> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger count = new AtomicInteger();

  BufferWaiters(BufferPool pool) {
    this.pool = pool;
  }

  /**
   * Takes a buffer of a class or a larger one as soon as there is one.
   *
   * @param deadlineNs on the clock of {@link System#nanoTime()}.
   * @return null when the deadline passed. An interrupt ends nothing and stays pending.
   */
  @Nullable PooledBuffer await(int sizeClass, long deadlineNs) {
    Waiter waiter = new Waiter(sizeClass);
    queue.add(waiter);
    count.incrementAndGet();
    try {
      var _ = Uninterrupted.parkUntil(this, waiter, LOOK_NS, deadlineNs);
      return waiter.buffer;
    } finally {
      queue.remove(waiter);
      count.decrementAndGet();
      wakeOne();
    }
  }

  /**
   * Wakes the oldest waiter that can use a buffer now free; to be called when one became free.
   * Without heap it wakes none: they look by themselves a little later.
   */
  void wakeOne() {
    VarHandle.fullFence();
    if (count.get() == 0) {
      return;
    }
    try {
      wakeOldest();
    } catch (OutOfMemoryError e) {
      // an iterator is an object
    }
  }

  private void wakeOldest() {
    for (Waiter waiter : queue) {
      if (!waiter.signalled.get()
          && pool.hasFree(waiter.sizeClass)
          && waiter.signalled.compareAndSet(false, true)) {
        LockSupport.unpark(waiter.thread);
        return;
      }
    }
  }

  /** Returns the threads that wait now. */
  int count() {
    return count.get();
  }
}
