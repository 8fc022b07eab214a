package io.ashlar.store.spi;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Waits that an interrupt does not end; the interrupt stays pending. A thread that drives agents
 * drives them while it waits ({@link Driving}), but not in {@link #get} and {@link #run}.
 *
 * <p>Thread: any. Memory: nothing is allocated here. A wait that must not be given up takes its
 * lambda from a field, since making one needs heap.
 */
public final class Uninterrupted {

  /** As {@code lookNs}: no look before this thread is unparked, or the time is over. */
  public static final long FOR_EVER_NS = Long.MAX_VALUE;

  @SuppressWarnings("UnnecessaryLambda") // made once: a wait needs no heap
  private static final BooleanSupplier NEVER = () -> false;

  /**
   * A wait that an interrupt would end.
   *
   * @param <T> the type of the result.
   * @param <E> the exception of the wait.
   */
  @FunctionalInterface
  public interface Wait<T extends @Nullable Object, E extends Exception> {

    /**
     * Waits. It is called again after an interrupt, so it looks first whether it is done.
     *
     * @return the result.
     * @throws InterruptedException if the thread is interrupted.
     * @throws E if the wait fails.
     */
    T await() throws InterruptedException, E;
  }

  /** A wait without a result. */
  @SuppressWarnings("FunctionalInterfaceMethodChanged") // each form does the same
  @FunctionalInterface
  public interface PlainWait extends Wait<Boolean, RuntimeException> {

    /**
     * Waits; see {@link Wait#await}.
     *
     * @throws InterruptedException if the thread is interrupted.
     */
    void run() throws InterruptedException;

    @Override
    default Boolean await() throws InterruptedException {
      run();
      return Boolean.TRUE;
    }
  }

  private Uninterrupted() {}

  /**
   * Waits.
   *
   * @param <T> the type of the result.
   * @param <E> the exception of the wait.
   * @param wait the wait.
   * @return its result.
   * @throws E if the wait fails.
   */
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

  /**
   * Waits.
   *
   * @param wait the wait.
   */
  public static void run(PlainWait wait) {
    var _ = get(wait);
  }

  /**
   * Parks until {@code done} holds. The thread that makes it hold unparks this one.
   *
   * @param blocker what the thread waits for, as thread dumps show it.
   * @param done the condition; its exception ends the wait.
   */
  public static void parkUntil(Object blocker, BooleanSupplier done) {
    parkUntil(blocker, done, FOR_EVER_NS);
  }

  /**
   * Parks until {@code done} holds, and looks by itself every {@code lookNs}.
   *
   * @param blocker what the thread waits for, as thread dumps show it.
   * @param done the condition; its exception ends the wait.
   * @param lookNs nanoseconds between two looks, or {@link #FOR_EVER_NS}.
   */
  public static void parkUntil(Object blocker, BooleanSupplier done, long lookNs) {
    var _ = park(blocker, done, lookNs, false, 0);
  }

  /**
   * Parks until {@code done} holds or the time is over, and looks by itself every {@code lookNs}.
   *
   * @param blocker what the thread waits for, as thread dumps show it.
   * @param done the condition; its exception ends the wait.
   * @param lookNs nanoseconds between two looks, or {@link #FOR_EVER_NS}.
   * @param deadlineNs on the clock of {@link System#nanoTime()}.
   * @return whether {@code done} held at last.
   */
  public static boolean parkUntil(
      Object blocker, BooleanSupplier done, long lookNs, long deadlineNs) {
    return park(blocker, done, lookNs, true, deadlineNs);
  }

  /**
   * Parks for a time, all of it even if an interrupt is pending, which would end a plain park at
   * once.
   *
   * @param blocker what the thread waits for, as thread dumps show it.
   * @param ns nanoseconds, 0 or more.
   */
  public static void sleep(Object blocker, long ns) {
    var _ = park(blocker, NEVER, FOR_EVER_NS, true, System.nanoTime() + ns);
  }

  private static boolean park(
      Object blocker, BooleanSupplier done, long lookNs, boolean timed, long deadlineNs) {
    boolean interrupted = false;
    try {
      while (!done.getAsBoolean()) {
        long leftNs = timed ? deadlineNs - System.nanoTime() : FOR_EVER_NS;
        if (leftNs <= 0) {
          return done.getAsBoolean();
        }
        Driving.pause(blocker, Math.min(leftNs, lookNs));
        interrupted |= Thread.interrupted();
      }
      return true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
