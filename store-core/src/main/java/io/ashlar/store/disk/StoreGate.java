package io.ashlar.store.disk;

import io.ashlar.store.StoreClosedException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts the operations that use native memory or the data file, so that closing can wait for them:
 * no descriptor is closed and no memory unmapped under an operation (rule L22).
 *
 * <p>The count is spread over padded cells by thread, so that readers on different cores do not
 * meet on one cache line.
 *
 * <p>Thread: any.
 */
public final class StoreGate {

  private static final int CELLS = 16;
  private static final int CELL_LONGS = 8;
  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long CLOSE_PARK_NS = 100_000;

  private final String subject;
  private final long[] counts = new long[(CELLS + 1) * CELL_LONGS];
  private volatile boolean closed; // written by the closing thread, read by any

  /**
   * Creates an open gate.
   *
   * @param subject what is closed, for messages.
   */
  public StoreGate(String subject) {
    this.subject = subject;
  }

  private static int cell() {
    long id = Thread.currentThread().threadId();
    return ((int) (id ^ id >>> 4) & CELLS - 1) * CELL_LONGS + CELL_LONGS;
  }

  /**
   * Enters; the same thread must {@link #exit}.
   *
   * @throws StoreClosedException if the store was closed.
   */
  public void enter() {
    if (!tryEnter()) {
      throw new StoreClosedException("the store is closed: " + subject, null);
    }
  }

  /** Enters unless the store was closed. */
  public boolean tryEnter() {
    int cell = cell();
    var _ = (long) COUNT.getAndAdd(counts, cell, 1L); // a full fence before closed is read
    if (closed) {
      exit();
      return false;
    }
    return true;
  }

  /** Returns whether the gate was closed: what takes long should come to an end. */
  public boolean isClosed() {
    return closed;
  }

  /** Leaves. */
  public void exit() {
    var _ = (long) COUNT.getAndAdd(counts, cell(), -1L);
  }

  /**
   * Closes the gate and waits until everybody has left.
   *
   * @return false when it was closed already, by whomever.
   */
  public boolean close() {
    synchronized (this) {
      if (closed) {
        return false;
      }
      closed = true;
    }
    VarHandle.fullFence();
    while (sum() != 0) {
      LockSupport.parkNanos(this, CLOSE_PARK_NS);
    }
    return true;
  }

  private long sum() {
    long sum = 0;
    for (int cell = CELL_LONGS; cell < counts.length; cell += CELL_LONGS) {
      sum += (long) COUNT.getVolatile(counts, cell);
    }
    return sum;
  }
}
