package io.ashlar.store.commit.role;

import io.ashlar.store.StoreOpenException;
import io.ashlar.store.commit.group.AckSequencer;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.Threads;
import io.ashlar.store.spi.Log;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The thread that runs the {@link CommitAgent}, from the open to the close. A test has none: it
 * drives the agent's work itself.
 *
 * <pre>
 *   new ── start ──▶ running ── the agent throws ──▶ refusing ── close ──▶ ended
 *    │                  └──────────────── close ──────────────────────────▶│
 *    └── startHere ──▶ driven by its caller ──────── close ───────────────▶│
 * </pre>
 *
 * <p>Thread: the one that opens or closes the store, unless a method says otherwise.
 */
public final class IoThread {

  private final CommitAgent agent;
  private final AckSequencer acks;
  private final Poison poison;
  private @Nullable Thread thread; // written before the store is open

  public IoThread(CommitAgent agent, AckSequencer acks, Poison poison) {
    this.agent = agent;
    this.acks = acks;
    this.poison = poison;
  }

  /**
   * Starts the thread. It has its ring once the returned task is done.
   *
   * @throws StoreOpenException if no thread can be started.
   */
  public FutureTask<@Nullable Void> start(String name) {
    FutureTask<@Nullable Void> ready = new FutureTask<>(agent::onStart, null);
    Thread started = new Thread(() -> run(ready), name);
    started.setDaemon(true);
    thread = started;
    agent.letCallersLead();
    try {
      Threads.start(started);
    } catch (RejectedExecutionException e) {
      throw new StoreOpenException("the store has no I/O thread: " + e.getMessage(), e);
    }
    return ready;
  }

  private void run(FutureTask<@Nullable Void> ready) {
    ready.run();
    if (ready.state() != Future.State.SUCCESS) {
      return;
    }
    try {
      agent.run();
    } catch (RuntimeException | Error e) {
      poison.set(e);
      acks.wakeWaiters();
      Log.log(
          IoThread.class,
          System.Logger.Level.ERROR,
          "the store failed: its I/O thread cannot continue",
          e);
      agent.refuseUntilClosed();
    }
  }

  /** Opens the ring on this thread, which from now on calls {@link #doWork} instead. For tests. */
  public void startHere() {
    agent.onStart();
  }

  /** Does the I/O thread's work once, on the thread that called {@link #startHere}. For tests. */
  public int doWork() {
    return agent.doWork();
  }

  /** Does the I/O thread's work once if a test drives it, on its thread. */
  public void workIfDriven() {
    if (thread == null) {
      var _ = agent.doWork();
    }
  }

  /** Makes the thread serve the queue and end, and waits for that at most this long. */
  public void end(long waitMsMax) {
    agent.close();
    Threads.join(thread, waitMsMax);
  }

  /** Makes the thread serve the queue and end, and waits for that. */
  public void close() {
    agent.close();
    Thread started = thread;
    if (started == null) {
      agent.run();
    } else {
      Threads.join(started);
    }
  }
}
