package io.ashlar.store.agent;

import io.ashlar.store.disk.Threads;
import io.ashlar.store.spi.Log;
import java.util.function.Supplier;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/** Runs each agent on a daemon thread of its own, which has the agent's name. Thread: any. */
public final class OwnThreads implements AgentHost {

  private final @Nullable Supplier<? extends IdleStrategy> strategies;

  /**
   * Creates a host.
   *
   * @param strategies makes the idle strategy of each agent; null has agents sleep in their queues.
   */
  public OwnThreads(@Nullable Supplier<? extends IdleStrategy> strategies) {
    this.strategies = strategies;
  }

  @Override
  public Running start(StoreAgent agent) {
    IdleStrategy idle = new Idling(agent, strategies == null ? null : strategies.get());
    AgentRunner runner = new AgentRunner(idle, OwnThreads::log, null, agent);
    Thread thread = new Thread(runner, agent.roleName());
    thread.setDaemon(true);
    Threads.start(thread);
    agent.awaitQueue();
    return new OwnThread(thread);
  }

  private static void log(Throwable thrown) {
    Log.log(OwnThreads.class, System.Logger.Level.ERROR, "an agent threw", thrown);
  }

  @Override
  public boolean sleepsInQueue() {
    return strategies == null;
  }

  /** The thread of one agent. */
  private record OwnThread(Thread thread) implements Running {

    @Override
    public boolean isAtWork() {
      return Thread.currentThread().equals(thread);
    }

    @Override
    public boolean awaitEnd(long waitMsMax) {
      Threads.join(thread, waitMsMax);
      return !thread.isAlive();
    }

    @Override
    public void awaitEnd() {
      Threads.join(thread);
    }

    @Override
    public void workIfDrivenHere() {}
  }

  /**
   * Sleeps in the agent's queue, or idles as the embedder's strategy does. A strategy that throws
   * is not called again.
   *
   * <p>A runner takes an interrupt of its thread for the end of its agent. A listener can leave one
   * behind, so it is cleared here.
   *
   * <p>Thread: the agent's.
   */
  private static final class Idling implements IdleStrategy {

    private final StoreAgent agent;
    private @Nullable IdleStrategy strategy;

    Idling(StoreAgent agent, @Nullable IdleStrategy strategy) {
      this.agent = agent;
      this.strategy = strategy;
    }

    @Override
    public void idle(int workCount) {
      IdleStrategy chosen = strategy;
      if (chosen != null) {
        idle(chosen, workCount);
      } else if (workCount <= 0) {
        agent.sleep();
      }
      if (workCount <= 0) {
        var _ = Thread.interrupted();
      }
    }

    private void idle(IdleStrategy chosen, int workCount) {
      try {
        chosen.idle(workCount);
      } catch (RuntimeException | Error e) {
        strategy = null;
        Log.log(
            OwnThreads.class,
            System.Logger.Level.ERROR,
            "the idle strategy threw; the agent sleeps in its queue instead: agent="
                + agent.roleName()
                + ", idleStrategy="
                + chosen.getClass().getName(),
            e);
      }
    }

    @Override
    public void idle() {
      idle(0);
    }

    @Override
    public void reset() {
      IdleStrategy chosen = strategy;
      if (chosen != null) {
        chosen.reset();
      }
    }
  }
}
