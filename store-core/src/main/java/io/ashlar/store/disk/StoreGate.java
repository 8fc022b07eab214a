package io.ashlar.store.disk;

import io.ashlar.store.StoreClosedException;
import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.StackRoom;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Counts the operations that use native memory or the data file, so that closing can wait for them.
 * No descriptor is closed and no memory unmapped during an operation (rule L22).
 *
 * <p>The count is spread over padded cells by thread, so that readers on different cores do not
 * meet on one cache line. A cell counts operations in its lower half and open leases in its upper
 * half, so counting a lease costs no extra access. Only the sum of all cells is meaningful, because
 * an operation or a lease may end on another thread.
 *
 * <p>The gate also holds the store's {@link Callbacks}: the threads that are calling the
 * application back.
 *
 * <p>Thread: any.
 */
public final class StoreGate {

  private static final int CELLS = 16;
  private static final int CELL_LONGS = 8;
  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long CLOSE_PARK_NS = 100_000;
  private static final long LEASE = 1L << Integer.SIZE;

  private final String subject;
  private final long[] counts = new long[(CELLS + 1) * CELL_LONGS];
  private final Callbacks callbacks;
  private volatile boolean closed; // written by the closing thread, read by any
  private @Nullable Runnable left; // guarded by this: frees memory that was in use at the close
  private boolean leftForLeases; // guarded by this

  /**
   * Creates an open gate.
   *
   * @param subject what is closed, for messages.
   */
  public StoreGate(String subject) {
    this.subject = subject;
    callbacks = new Callbacks(subject);
  }

  /** Returns which threads are calling the application back. */
  public Callbacks callbacks() {
    return callbacks;
  }

  /** Returns what is closed, for messages. */
  public String subject() {
    return subject;
  }

  private static int cell() {
    long id = Thread.currentThread().threadId();
    return ((int) (id ^ id >>> 4) & CELLS - 1) * CELL_LONGS + CELL_LONGS;
  }

  /**
   * Enters; the same thread must {@link #exit}. Asks for the stack of the whole call first, so that
   * none of what follows breaks off half-way ({@link StackRoom}).
   *
   * @throws StoreClosedException if the store was closed.
   * @throws StackOverflowError if there is too little stack: nothing has changed.
   */
  public void enter() {
    StackRoom.toBegin();
    if (!tryEnter()) {
      throw new StoreClosedException("the store is closed: " + subject, null);
    }
  }

  /**
   * Enters unless the store was closed. The caller reserves stack itself before it changes
   * anything, so that no operation is left half ended.
   */
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
    exit(0);
  }

  /**
   * Leaves, and counts leases.
   *
   * @param lent how many more are out from now on; negative for those that came back.
   */
  public void exit(int lent) {
    var _ = (long) COUNT.getAndAdd(counts, cell(), lent * LEASE - 1);
  }

  /** Counts a lease that the store takes and closes within one call. */
  public void countLease() {
    var _ = (long) COUNT.getAndAdd(counts, cell(), LEASE);
  }

  /** Counts a lease that came back after the gate was closed, and frees what waited for it. */
  public void countLateReturn() {
    var _ = (long) COUNT.getAndAdd(counts, cell(), -LEASE);
    freeLeft();
  }

  /** Returns how many leases are out; exact when no thread takes or closes one. */
  public int leases() {
    long sum = sum();
    return (int) ((sum - (int) sum) >> Integer.SIZE);
  }

  /**
   * Enters for a call that calls the application back; {@link #exitWithCallbacks} must follow.
   *
   * @throws StoreClosedException if the store was closed.
   */
  public void enterWithCallbacks() {
    enter();
    boolean marked = false;
    try {
      callbacks.beginCallback();
      marked = true;
    } finally {
      if (!marked) {
        exit();
      }
    }
  }

  /** Leaves what {@link #enterWithCallbacks} entered. */
  public void exitWithCallbacks() {
    try {
      callbacks.endCallback();
    } finally {
      exit();
    }
  }

  /**
   * Notes that this thread is about to tell a listener; {@link #endListener} must follow.
   *
   * @return whether it was noted. Without heap it is not: the listener is told all the same, and
   *     only not kept from what would wait for itself.
   */
  public boolean beginListener() {
    try {
      callbacks.beginListener();
      return true;
    } catch (OutOfMemoryError e) {
      return false;
    }
  }

  /** Notes that the listener was told; takes what {@link #beginListener} has returned. */
  public void endListener(boolean noted) {
    if (noted) {
      callbacks.endListener();
    }
  }

  /** Returns whether a listener, or a logger, is being told on this thread. */
  public boolean isInListener() {
    return callbacks.isInListener();
  }

  /**
   * Refuses what waits for a thread of the store in a listener, as {@link Callbacks#refuseListener}
   * does.
   */
  public void refuseListener() {
    callbacks.refuseListener();
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
    while ((int) sum() != 0) {
      Driving.pause(this, CLOSE_PARK_NS);
    }
    return true;
  }

  /**
   * Frees memory that callers may still view, after {@link #close}. It frees it now, or, if a
   * system call of a caller is using it, when a handle ends later.
   *
   * @param freeing unmaps it; does so again without harm; throws {@link IllegalStateException}
   *     while a system call uses it.
   * @param afterLeases whether to wait for the last lease: views that have a lifetime of their own
   *     must not outlive what they show.
   */
  public void free(Runnable freeing, boolean afterLeases) {
    synchronized (this) {
      left = freeing;
      leftForLeases = afterLeases;
    }
    freeLeft();
  }

  /** Frees what {@link #free} could not, if that is possible by now. */
  public synchronized void freeLeft() {
    Runnable freeing = left;
    if (freeing == null || (leftForLeases && leases() > 0)) {
      return;
    }
    try {
      freeing.run();
      left = null;
    } catch (IllegalStateException inUse) {
      Log.log(
          StoreGate.class,
          System.Logger.Level.DEBUG,
          "memory of a closed store is still in use; it is freed when a handle ends: store="
              + subject,
          inUse);
    }
  }

  private long sum() {
    long sum = 0;
    for (int cell = CELL_LONGS; cell < counts.length; cell += CELL_LONGS) {
      sum += (long) COUNT.getVolatile(counts, cell);
    }
    return sum;
  }
}
