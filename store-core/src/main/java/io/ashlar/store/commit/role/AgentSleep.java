package io.ashlar.store.commit.role;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Whether the commit agent sleeps, and which events wake it.
 *
 * <pre>
 *   awake ── begin ──▶ coalescing, brief or long ── end, or tryEnd by another thread ──▶ awake
 * </pre>
 *
 * <p>The agent checks its queue once more after {@link #begin}. A thread that adds to the queue
 * checks {@link #depth} afterwards. A full fence precedes each check, so one of the two always sees
 * the other.
 *
 * <p>Thread: the agent's for {@link #begin} and {@link #end}, else any.
 */
final class AgentSleep {

  static final int AWAKE = 0;
  static final int COALESCING = 1; // woken by what ends the window alone
  static final int BRIEF = 2; // until it is time to write a mark
  static final int LONG = 3;

  private static final VarHandle DEPTH;

  static {
    try {
      DEPTH = MethodHandles.lookup().findVarHandle(AgentSleep.class, "depth", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through DEPTH: written by the agent and by who wakes it
  private int depth;

  /** Returns how deep the agent sleeps. */
  int depth() {
    return (int) DEPTH.getAcquire(this);
  }

  /** Declares that the agent is about to sleep; it then checks its queue once more. */
  void begin(int newDepth) {
    DEPTH.setRelease(this, newDepth);
    VarHandle.fullFence();
  }

  /** Declares that the agent is awake. */
  void end() {
    DEPTH.setRelease(this, AWAKE);
  }

  /**
   * Declares that the agent is to wake, if it sleeps at least as deep as this.
   *
   * @return whether the caller is the one to wake it.
   */
  boolean tryEnd(int atLeast) {
    int seen = depth();
    return seen >= atLeast && DEPTH.compareAndSet(this, seen, AWAKE);
  }
}
