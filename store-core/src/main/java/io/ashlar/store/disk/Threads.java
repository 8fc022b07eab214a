package io.ashlar.store.disk;

import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.HeapShortage;
import io.ashlar.store.spi.Uninterrupted;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Starts threads and waits for their end, for the classes that own one. Thread: any. */
public final class Threads {
  private Threads() {}

  /**
   * Starts a thread.
   *
   * @throws RejectedExecutionException if the process may have no more of them: the JVM then speaks
   *     of memory, which need not be short.
   */
  public static void start(Thread thread) {
    try {
      thread.start();
    } catch (OutOfMemoryError e) {
      throw new RejectedExecutionException(
          "no thread could be started: raise the thread limit (ulimit -u, cgroup pids.max):"
              + " thread="
              + thread.getName(),
          e);
    }
  }

  /** Waits until a thread, if there is one, has ended, up to a time. */
  public static void join(@Nullable Thread thread, long timeoutMs) {
    if (thread == null) {
      return;
    }
    try {
      thread.join(timeoutMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for what another thread does and returns it. An interrupt does not end the wait and stays
   * pending. A full heap does not end it either, because the caller would then free memory that the
   * thread still uses.
   *
   * @param task does not allocate to tell its outcome, unlike a {@code CompletableFuture}.
   * @throws RuntimeException the exception of the task, or its {@link Error}.
   */
  public static <T extends @Nullable Object> T await(FutureTask<T> task) {
    int shortages = 0;
    Driving.until(task, task::isDone);
    try {
      while (true) {
        try {
          return Uninterrupted.get(task::get);
        } catch (OutOfMemoryError e) {
          HeapShortage.await(shortages++, e);
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException("a thread's work failed", e.getCause());
    }
  }

  /** Waits until a thread has ended. An interrupt ends nothing and stays pending. */
  public static void join(Thread thread) {
    Driving.until(thread, () -> !thread.isAlive());
    Uninterrupted.run(thread::join);
  }
}
