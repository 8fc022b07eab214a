package io.ashlar.store.agent;

import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.Threads;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;
import org.jspecify.annotations.Nullable;

/**
 * An agent that owns a queue of the disk. It opens the queue when it starts, and closes it when it
 * ends.
 *
 * <p>{@link #doWork} handles every failure itself, because a runner lets an {@link Error} end its
 * thread. It throws {@link #ENDED} once the agent was asked to end and nothing is left to do.
 *
 * <p>Thread: the one that runs the agent, unless a method says otherwise.
 */
public abstract class StoreAgent implements Agent {

  /** Ends the agent: its work is done. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // made once: there may be no heap at the end
  protected static final AgentTerminationException ENDED =
      new AgentTerminationException("the agent has ended", null, true, false, false);

  private final FutureTask<DiskQueue> opened = new FutureTask<>(this::openQueue);

  private boolean orphaned; // of the thread that runs it

  /** Opens the agent's queue. */
  protected abstract DiskQueue openQueue();

  /**
   * Continues without a queue, which could not be opened on the embedder's thread.
   *
   * @param failure may be thrown, for the embedder.
   */
  protected abstract void continueWithout(RuntimeException failure);

  /** Opens the queue. {@link #awaitQueue} tells how that ended. */
  @Override
  public final void onStart() {
    opened.run();
  }

  /**
   * Waits until the queue is open. Thread: any.
   *
   * @throws RuntimeException the failure to open it; the agent has no work to do then, and ends.
   */
  public final void awaitQueue() {
    var _ = Threads.await(opened);
  }

  /** Returns the agent's queue, or null if it is not open yet or could not be opened. */
  protected final @Nullable DiskQueue queueIfOpen() {
    return opened.state() == Future.State.SUCCESS ? opened.resultNow() : null;
  }

  /** Returns the agent's queue. */
  protected final DiskQueue queue() {
    return opened.resultNow();
  }

  /** Returns whether the queue could not be opened. */
  protected final boolean isRefused() {
    return opened.state() == Future.State.FAILED;
  }

  /**
   * Returns whether another thread may continue the agent, because its own has ended: no operation
   * of its queue is in flight. Thread: the other one.
   */
  protected abstract boolean canBeOrphaned();

  /** Tells the agent that the thread that owned its queue has ended. */
  final void orphan() {
    orphaned = true;
  }

  /**
   * Returns whether the thread that owned the queue has ended. The queue can then only be closed.
   */
  protected final boolean isOrphaned() {
    return orphaned;
  }

  /**
   * Sleeps in the agent's queue until there is work, because the last {@link #doWork} found none.
   * Other threads wake it.
   */
  protected abstract void sleep();
}
