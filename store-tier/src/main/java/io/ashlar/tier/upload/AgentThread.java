package io.ashlar.tier.upload;

import io.ashlar.store.StoreClosedException;
import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.Uninterrupted;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The two threads of an agent: one does its work, one piece after another, and one sends its
 * batches. A caller waits for its piece of work; an interrupt of the caller is remembered and
 * breaks nothing.
 *
 * <p>Thread: any. Ended by {@link #end} or {@link #stop}; afterwards everything throws {@link
 * StoreClosedException}.
 */
final class AgentThread {
  private final Callbacks callbacks;
  private final OwnThreads threads = new OwnThreads();
  private final ScheduledThreadPoolExecutor agent;
  private final ExecutorService sender;

  /**
   * Starts no thread yet.
   *
   * @param callbacks those of the store: all work is marked, as it may call the application back.
   */
  AgentThread(Callbacks callbacks) {
    this.callbacks = callbacks;
    this.agent = new ScheduledThreadPoolExecutor(1, threads.factory("ashlar-tier"));
    agent.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    agent.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    this.sender = Executors.newSingleThreadExecutor(threads.factory("ashlar-tier-send"));
  }

  /** Sends batches while the agent fills the next ones. */
  ExecutorService sender() {
    return sender;
  }

  /** Does a piece of work again and again; until it throws. */
  void repeat(Runnable work, long intervalMs) {
    var _ = agent.scheduleWithFixedDelay(work, intervalMs, intervalMs, TimeUnit.MILLISECONDS);
  }

  /**
   * Refuses what waits for these threads, on one of them.
   *
   * @throws IllegalStateException if this is one.
   */
  void refuseOwn() {
    if (threads.areOwn()) {
      throw new IllegalStateException(
          "this was called by a callback of the tier, and would wait for that callback to return:"
              + " call it on another thread");
    }
  }

  /**
   * Does a piece of work and waits for it; throws what it threw.
   *
   * @throws IllegalStateException if that is called within another.
   */
  <T> T call(Callable<T> work) {
    refuseOwn();
    Future<T> result;
    try {
      result = agent.submit(() -> marked(work));
    } catch (RejectedExecutionException e) {
      throw new StoreClosedException("the tier is closed", e);
    }
    Driving.until(result, result::isDone); // the work may wait for the store's agents
    try {
      return Uninterrupted.get(result::get);
    } catch (ExecutionException e) {
      throw unwrapped(e);
    }
  }

  private <T> T marked(Callable<T> work) throws Exception {
    callbacks.beginCallback();
    try {
      return work.call();
    } finally {
      callbacks.endCallback();
    }
  }

  private static RuntimeException unwrapped(ExecutionException failure) {
    if (failure.getCause() instanceof Error error) {
      throw error;
    }
    return failure.getCause() instanceof RuntimeException cause
        ? cause
        : new IllegalStateException("a tiering pass failed", failure);
  }

  /** Whether it was ended. */
  boolean isEnded() {
    return agent.isShutdown();
  }

  /** Interrupts the work in progress until {@code last}, which follows it, is done; then stops. */
  void end(Callable<?> last) {
    Future<?> done;
    try {
      done = agent.submit(last);
    } catch (RejectedExecutionException endedMeanwhile) {
      return;
    }
    threads.interruptUntil(done);
    stop();
  }

  /** Waits for what is running, and ends. */
  void stop() {
    agent.close();
    sender.close();
  }
}
