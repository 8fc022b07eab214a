package io.ashlar.store.agent;

import java.util.concurrent.RejectedExecutionException;

/** Runs agents. Thread: any. */
public sealed interface AgentHost permits OwnThreads, DrivenAgents {

  /** An agent that runs. Thread: any. */
  interface Running {

    /** Returns whether the caller is the thread that runs the agent, within the agent's work. */
    boolean isAtWork();

    /**
     * Waits until the agent has ended, after it was asked to.
     *
     * @param waitMsMax the longest wait.
     * @return whether it has ended.
     */
    boolean awaitEnd(long waitMsMax);

    /** Waits until the agent has ended, after it was asked to. */
    void awaitEnd();

    /** Does the agent's work once, if the caller drives it and its waits do not. */
    void workIfDrivenHere();
  }

  /**
   * Has an agent run. Its queue is open on return, unless the agent is driven.
   *
   * @throws RejectedExecutionException if there is no thread for it.
   * @throws RuntimeException the failure to open the queue; the agent has ended then.
   */
  Running start(StoreAgent agent);

  /** Returns whether an agent without work sleeps in its own queue, and needs to be woken. */
  boolean sleepsInQueue();
}
