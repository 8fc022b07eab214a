package io.ashlar.tier.upload;

import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.Uninterrupted;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The threads of an agent, which closing interrupts.
 *
 * <p>Thread: any.
 */
final class OwnThreads {
  private static final long AGAIN_MS = 20;

  private final List<Thread> threads = new CopyOnWriteArrayList<>();

  /** Makes daemon threads of a name, and remembers them. */
  ThreadFactory factory(String name) {
    return task -> {
      Thread thread = Thread.ofPlatform().daemon().name(name).unstarted(task);
      threads.add(thread);
      return thread;
    };
  }

  /** Returns whether this is one of them. */
  boolean areOwn() {
    return threads.contains(Thread.currentThread());
  }

  /**
   * Interrupts them until a task of theirs is done: repeatedly, as a thread may begin another
   * request meanwhile. The caller's own interrupt is remembered.
   */
  void interruptUntil(Future<?> done) {
    Uninterrupted.run(() -> {
      while (!hasEnded(done)) {
        threads.forEach(Thread::interrupt);
        Driving.pause(this, 1); // the task may wait for the store's agents
      }
    });
  }

  private static boolean hasEnded(Future<?> done) throws InterruptedException {
    try {
      var _ = done.get(AGAIN_MS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException running) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("ending the tier failed", e);
    }
  }
}
