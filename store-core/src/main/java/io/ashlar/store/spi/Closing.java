package io.ashlar.store.spi;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Closes a resource once, and waits for the end. Once the JVM shuts down, the wait has a bound. A
 * callback that called {@link System#exit} never returns, and a shutdown hook that closes would
 * wait for it forever. Long work that waits for no such callback can postpone the bound.
 *
 * <pre>
 *   open ──close()──▶ closing ──work done──▶ closed
 *                        └──{@value #SHUTDOWN_WAIT_MS} ms of shutdown, or stuck──▶ given up
 * </pre>
 *
 * <p>An abandoned resource stays unchanged until the process ends: memory mapped, descriptors open
 * and locked (rule L22). If the callback returns after all, the work continues on a daemon thread.
 *
 * <p>A thread that drives agents does the work itself, because a wait for another thread would not
 * drive them.
 *
 * <p>Thread: any; a second close waits for the first to end.
 */
public final class Closing {

  /** How long a close still waits once the JVM shuts down. */
  static final long SHUTDOWN_WAIT_MS = 2_000;

  private static final long LOOK_MS = 50;

  private final String subject;
  private final Runnable work;
  private final Runnable giveUp;
  private final BooleanSupplier isLong;
  private final Supplier<? extends @Nullable RuntimeException> stuck;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Uninterrupted.Wait<Boolean, RuntimeException> endsSoon = // here: it needs no heap
      () -> this.ended.await(LOOK_MS, TimeUnit.MILLISECONDS);
  private volatile @Nullable Throwable failure; // written by the work's thread before it ended

  /**
   * Creates what closes once.
   *
   * @param subject what is closed, for messages.
   * @param work closes it.
   * @param giveUp does what is left to be done when the work is not waited for any longer; bounded.
   */
  public Closing(String subject, Runnable work, Runnable giveUp) {
    this(subject, work, giveUp, () -> false, () -> null);
  }

  /**
   * Creates what closes once, and may have work that rightly takes long.
   *
   * @param subject what is closed, for messages.
   * @param work closes it.
   * @param giveUp does what is left to be done when the work is not waited for any longer; bounded.
   * @param isLong whether the work is at something that will end and is worth waiting for; the
   *     bound counts from when it is not.
   */
  public Closing(String subject, Runnable work, Runnable giveUp, BooleanSupplier isLong) {
    this(subject, work, giveUp, isLong, () -> null);
  }

  /**
   * Creates what closes once, and may need a thread that has gone away.
   *
   * @param subject what is closed, for messages.
   * @param work closes it.
   * @param giveUp does what is left to be done when the work is not waited for any longer; bounded.
   * @param stuck says why the work is not waited for any longer, or returns null; asked again and
   *     again.
   */
  public Closing(
      String subject,
      Runnable work,
      Runnable giveUp,
      Supplier<? extends @Nullable RuntimeException> stuck) {
    this(subject, work, giveUp, () -> false, stuck);
  }

  private Closing(
      String subject,
      Runnable work,
      Runnable giveUp,
      BooleanSupplier isLong,
      Supplier<? extends @Nullable RuntimeException> stuck) {
    this.subject = subject;
    this.work = work;
    this.giveUp = giveUp;
    this.isLong = isLong;
    this.stuck = stuck;
  }

  /**
   * Closes, unless a close has begun before, and waits for the end; throws the exception of the
   * work, or why the work is stuck.
   */
  public void close() {
    boolean first = begun.compareAndSet(false, true);
    if (first) {
      start();
    }
    if (!await()) {
      giveUp.run();
      Log.log(
          Closing.class,
          System.Logger.Level.WARNING,
          "close returned early because the JVM shuts down and a callback has not returned; the end"
              + " of the process releases memory and file: subject="
              + subject);
    } else if (first) {
      rethrow(failure);
    }
  }

  private void start() {
    if (Driving.isHere()) {
      run();
      return;
    }
    try {
      Thread.ofPlatform()
          .daemon()
          .name("ashlar-close")
          .inheritInheritableThreadLocals(false)
          .start(this::run);
    } catch (RuntimeException | Error noThread) {
      run();
    }
  }

  private void run() {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      failure = e;
    } finally {
      ended.countDown();
    }
  }

  /** Returns false if the JVM shut down and the work took too long. */
  private boolean await() {
    boolean shutdown = false;
    long shutdownNs = 0; // since when the bound counts
    boolean done = false;
    boolean givenUp = false;
    while (!done && !givenUp) {
      done = endsSoon();
      RuntimeException reason = done ? null : stuck.get();
      if (reason != null) {
        giveUp.run();
        throw reason;
      }
      if (!done && !shutdown && isShuttingDown() && !isLong.getAsBoolean()) {
        shutdown = true;
        shutdownNs = System.nanoTime();
      }
      givenUp =
          shutdown
              && System.nanoTime() - shutdownNs >= TimeUnit.MILLISECONDS.toNanos(SHUTDOWN_WAIT_MS);
    }
    return done;
  }

  private boolean endsSoon() {
    if (Driving.isHere()) {
      Driving.pause(this, TimeUnit.MILLISECONDS.toNanos(LOOK_MS));
      return ended.getCount() == 0;
    }
    return Uninterrupted.get(endsSoon);
  }

  private static void rethrow(@Nullable Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown instanceof RuntimeException exception) {
      throw exception;
    }
  }

  /** Returns whether the JVM has begun to shut down: it then takes no more hooks. */
  static boolean isShuttingDown() {
    Thread hook = new Thread(() -> {}, "ashlar-probe");
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      return !Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      return true;
    }
  }
}
