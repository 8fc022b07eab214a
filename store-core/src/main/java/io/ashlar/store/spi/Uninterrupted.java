package io.ashlar.store.spi;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Waits that an interrupt does not end; the interrupt stays pending.
 *
 * <p>Thread: any. Memory: nothing is allocated here. A wait that must not be given up takes its
 * lambda from a field, since making one needs heap.
 */
public final class Uninterrupted {

  private static final long FOR_EVER_NS = Long.MAX_VALUE;

  /** A wait that an interrupt would end. */
  @FunctionalInterface
  public interface Wait<T extends @Nullable Object, E extends Exception> {

    /** Waits. It is called again after an interrupt, so it looks first whether it is done. */
    T await() throws InterruptedException, E;
  }

  /** A wait without a result. */
  @FunctionalInterface
  public interface PlainWait {

    /** Waits; see {@link Wait#await}. */
    void await() throws InterruptedException;
  }

  private Uninterrupted() {}

  /** Waits, and returns the result of the wait. */
  public static <T extends @Nullable Object, E extends Exception> T get(Wait<T, E> wait) throws E {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return wait.await();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits. */
  public static void run(PlainWait wait) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          wait.await();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Parks until {@code done} holds. Who makes it hold unparks this thread. */
  public static void parkUntil(Object blocker, BooleanSupplier done) {
    parkUntil(blocker, done, FOR_EVER_NS);
  }

  /**
   * Parks until {@code done} holds, and looks by itself every {@code lookNs}. An exception of
   * {@code done} ends the wait.
   */
  public static void parkUntil(Object blocker, BooleanSupplier done, long lookNs) {
    boolean interrupted = false;
    try {
      while (!done.getAsBoolean()) {
        if (lookNs == FOR_EVER_NS) {
          LockSupport.park(blocker);
        } else {
          LockSupport.parkNanos(blocker, lookNs);
        }
        interrupted |= Thread.interrupted();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
