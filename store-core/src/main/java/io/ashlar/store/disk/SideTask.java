package io.ashlar.store.disk;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * What a thread of its own does for the one that opens a store: reads, above all, so that the
 * device works while the other decodes.
 *
 * <p>Thread: the one that opens the store; {@code work} runs on the other, and sees what came
 * before the constructor. An interrupt ends nothing and stays pending.
 */
public final class SideTask<T extends @Nullable Object> implements AutoCloseable {

  private final FutureTask<T> task;
  private final Thread thread;

  /** Begins the work. */
  public SideTask(String threadName, Callable<T> work) {
    task = new FutureTask<>(work);
    thread = Thread.ofPlatform().daemon().name(threadName).start(task);
  }

  /** Waits for the outcome; throws what the work threw. */
  public T await() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException("a part of recovery failed", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits until the work has ended: nothing reads from the disk any more. */
  @Override
  public void close() {
    Threads.join(thread);
  }
}
