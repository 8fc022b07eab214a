package io.ashlar.store.local;

import io.ashlar.store.NotDrivenException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.agent.AgentHost;
import io.ashlar.store.agent.DrivenAgents;
import io.ashlar.store.agent.OwnThreads;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.AgentInvoker;
import org.jspecify.annotations.Nullable;

/**
 * What runs a store's agents, as its settings say, in a {@link StoreEnvironment}.
 *
 * <p>Thread: any, unless a method says otherwise.
 */
final class StoreAgents {

  /** How long a close waits for a driver that does not invoke. */
  static final long DRIVER_WAIT_MS = 5_000;

  private final @Nullable DrivenAgents driven;
  private final AgentHost host;
  private final StoreEnvironment environment;
  private long seenRounds; // the closing thread's, as is the next
  private long seenNs;
  private boolean seen;

  private StoreAgents(
      @Nullable DrivenAgents driven, StoreConfig config, StoreEnvironment environment) {
    this.driven = driven;
    host = driven != null ? driven : new OwnThreads(config.idleStrategy());
    this.environment = environment;
  }

  /** Returns what runs the agents of a store. A test's thread drives from the start. */
  static StoreAgents of(StoreConfig config, StoreEnvironment environment) {
    DrivenAgents driven = null;
    if (!environment.ownThread() || config.threadingMode() == StoreConfig.ThreadingMode.INVOKER) {
      driven = new DrivenAgents(environment.ownThread());
    }
    if (driven != null && !environment.ownThread()) {
      boolean _ = driven.claim();
    }
    return new StoreAgents(driven, config, environment);
  }

  StoreEnvironment environment() {
    return environment;
  }

  /** Returns what runs the commit agent. */
  AgentHost host() {
    return host;
  }

  /** Returns what runs the read agent: a thread of its own where a test drives commits alone. */
  AgentHost readHost() {
    return environment.ownThread() ? host : new OwnThreads(null);
  }

  /** Opens the queues of the agents, if this thread is their driver already. */
  void started() {
    if (driven != null && Thread.currentThread().equals(driven.driver())) {
      var _ = driven.drive();
    }
  }

  /** Does the agents' work once. Thread: the driver, a test. */
  int doWork() {
    return driven == null ? 0 : driven.drive();
  }

  AgentInvoker invoker() {
    if (driven == null) {
      throw new IllegalStateException(
          "the store has threads of its own for its agents: open it with"
              + " StoreConfig.withThreadingMode(INVOKER) to drive them");
    }
    return driven.invoker();
  }

  /**
   * Makes the caller drive the agents, if no thread does. Thread: the one that closes the store.
   */
  void beginClose() {
    if (driven != null) {
      driven.claimToClose();
    }
  }

  /** Ends the invoker. Every agent has ended. */
  void close() {
    if (driven != null) {
      driven.close();
    }
  }

  /** Returns why a close is not to be waited for, or null. Thread: one that waits for the close. */
  synchronized @Nullable NotDrivenException stuck() {
    if (driven == null) {
      return null;
    }
    long nowNs = environment.clockNs().getAsLong();
    long rounds = driven.rounds();
    if (!seen || rounds != seenRounds) {
      seen = true;
      seenRounds = rounds;
      seenNs = nowNs;
    }
    Thread driver = driven.driver();
    if (driver == null || nowNs - seenNs < TimeUnit.MILLISECONDS.toNanos(DRIVER_WAIT_MS)) {
      return null;
    }
    return new NotDrivenException(
        "the store's agents are not driven: invoke their invoker until the close has returned, or"
            + " close on the thread that drives: driver="
            + driver.getName()
            + ", waitedMs="
            + DRIVER_WAIT_MS);
  }
}
