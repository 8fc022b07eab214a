package io.ashlar.store.disk;

/** What several that own a thread do with it. Thread: any. */
public final class Threads {
  private Threads() {}

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
