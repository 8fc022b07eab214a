package io.ashlar.jmh.commit;

import io.ashlar.jmh.peer.PeerFailedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads that each repeat a step while a slice is measured, beside the threads that commit.
 *
 * <p>Thread: the main thread.
 */
final class BesideWork implements AutoCloseable {

  /** One step, and what it keeps from step to step. */
  interface Step extends AutoCloseable {

    /** Prepares what a slice uses up, before the slice is measured. */
    default void prepare() {}

    /** Takes a step of bounded length. */
    void run();

    @Override
    default void close() {}
  }

  private final String what;
  private final List<Step> steps = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong taken = new AtomicLong();
  private volatile boolean running; // written by the main thread
  private volatile @Nullable Throwable failure; // written by the threads

  /**
   * Makes the steps of some threads.
   *
   * @param what a step's name, in remarks.
   */
  BesideWork(String what, int count, Supplier<Step> step) {
    this.what = what;
    for (int i = 0; i < count; i++) {
      steps.add(step.get());
    }
  }

  /** Begins, with threads of its own. */
  void start() {
    steps.forEach(Step::prepare);
    running = true;
    for (Step step : steps) {
      threads.add(Thread.ofPlatform().daemon().name("beside-", 0).start(() -> repeat(step)));
    }
  }

  private void repeat(Step step) {
    try {
      while (running) {
        step.run();
        taken.incrementAndGet();
      }
    } catch (RuntimeException | Error e) {
      failure = e;
    }
  }

  /**
   * Ends each thread after its step.
   *
   * @throws PeerFailedException if a step failed.
   */
  void stop() {
    running = false;
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while measuring", e);
    }
    threads.clear();
    Throwable failed = failure;
    if (failed != null) {
      throw new PeerFailedException("what went on beside the commits failed: step=" + what, failed);
    }
  }

  /** Returns how many steps were taken, in words. */
  String remark() {
    return "beside it " + taken.get() + " " + what;
  }

  @Override
  public void close() {
    running = false;
    steps.forEach(Step::close);
  }
}
