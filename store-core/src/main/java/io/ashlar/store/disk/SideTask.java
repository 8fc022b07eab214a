package io.ashlar.store.disk;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A task on a thread of its own for the thread that opens a store. It mostly reads, so that the
 * device works while the opening thread decodes.
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

  /** Waits for the outcome; throws the exception of the work. */
  public T await() {
    return Threads.await(task);
  }

  /** Waits until the work has ended: nothing reads from the disk any more. */
  @Override
  public void close() {
    Threads.join(thread);
  }
}
