package io.ashlar.store.disk;

import java.util.concurrent.RejectedExecutionException;

/** What several that own a thread do with it. Thread: any. */
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
          "no thread could be started; raise the limit of threads (ulimit -u, cgroup pids.max):"
              + " thread="
              + thread.getName(),
          e);
    }
  }

  /** Waits until a thread has ended. An interrupt ends nothing and stays pending. */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
