package io.ashlar.store.agent;

import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.Uninterrupted;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.AgentTerminationException;
import org.jspecify.annotations.Nullable;

/**
 * Runs agents on one thread of the embedder's, which drives an invoker.
 *
 * <pre>
 *   no driver ── start or invoke ──▶ driven ── close: every agent has ended ──▶ ended
 *       └── close: its thread drives ──▶│  ▲
 *                                       └──┘ the driver has ended: the closing thread drives
 * </pre>
 *
 * <p>The first thread that starts the invoker is the driver for life. A wait of the driver drives
 * the agents meanwhile ({@link Driving}), except within an agent's work.
 *
 * <p>Thread: the driver for {@link #onStart}, {@link #doWork} and {@link #onClose}; else any.
 */
public final class DrivenAgents implements AgentHost, Agent, Driving.Driver {

  @SuppressWarnings("StaticAssignmentOfThrowable") // made once, as those of the agents
  private static final AgentTerminationException ENDED =
      new AgentTerminationException("the store is closed", null, true, false, false);

  private static final long LOOK_NS = 1_000_000;

  private final boolean whileWaiting;
  private final AgentInvoker invoker = new AgentInvoker(DrivenAgents::rethrow, null, this);
  private volatile @Nullable Thread driver; // written under the lock
  private volatile Driven[] running = {}; // written under the lock
  private volatile boolean closed;
  private volatile long rounds; // written by the driver
  private boolean driving; // the driver's

  /** An agent and how far it is. Thread: the driver, unless a method says otherwise. */
  private final class Driven implements Running {

    private final StoreAgent agent;
    private boolean started;
    private volatile boolean ended; // read by any thread

    Driven(StoreAgent agent) {
      this.agent = agent;
    }

    int work() {
      if (!started) {
        started = true;
        start();
      }
      try {
        return agent.doWork();
      } catch (AgentTerminationException hasEnded) {
        end();
        return 1;
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException("an agent threw: agent=" + agent.roleName(), e);
      }
    }

    private void start() {
      agent.onStart();
      try {
        agent.awaitQueue();
      } catch (RuntimeException refused) {
        agent.continueWithout(refused);
      }
    }

    void end() {
      remove(this);
      try {
        agent.onClose();
      } finally {
        ended = true;
      }
    }

    @Override
    public boolean isAtWork() {
      return isDriver() && driving;
    }

    @Override
    public boolean awaitEnd(long waitMsMax) {
      long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMsMax);
      return Uninterrupted.parkUntil(this, () -> ended, LOOK_NS, deadlineNs);
    }

    @Override
    public void awaitEnd() {
      while (!whileWaiting && isDriver() && !ended) {
        var _ = drive();
      }
      Uninterrupted.parkUntil(this, () -> ended, LOOK_NS);
    }

    @Override
    public void workIfDrivenHere() {
      if (!whileWaiting && isDriver()) {
        var _ = drive();
      }
    }
  }

  /**
   * Creates a host without a driver.
   *
   * @param whileWaiting whether each wait of the driver drives. A test that drives step by step
   *     leaves its stores without closing them, and its thread must not remain a driver.
   */
  public DrivenAgents(boolean whileWaiting) {
    this.whileWaiting = whileWaiting;
  }

  /** Returns what the embedder drives. */
  public AgentInvoker invoker() {
    return invoker;
  }

  @Override
  public synchronized Running start(StoreAgent agent) {
    Driven driven = new Driven(agent);
    Driven[] next = Arrays.copyOf(running, running.length + 1);
    next[running.length] = driven;
    running = next;
    return driven;
  }

  private synchronized void remove(Driven ended) {
    running = Arrays.stream(running).filter(driven -> driven != ended).toArray(Driven[]::new);
  }

  @Override
  public boolean sleepsInQueue() {
    return false;
  }

  /** Makes the caller the driver if there is none, and returns whether the caller is the driver. */
  public boolean claim() {
    if (driver == null) {
      claim(null);
    }
    return isDriver();
  }

  private synchronized void claim(@Nullable Thread former) {
    Thread known = driver;
    if (known == former && (known == null || orphan())) {
      driver = Thread.currentThread();
      if (whileWaiting) {
        Driving.begin(Thread.currentThread(), this);
      }
    }
  }

  /** Takes the agents from a driver that has ended, and returns whether that was possible. */
  private boolean orphan() {
    boolean possible = true;
    for (Driven driven : running) {
      possible &= !driven.started || driven.agent.canBeOrphaned();
    }
    if (possible) {
      Driving.end(this);
      for (Driven driven : running) {
        if (driven.started) {
          driven.agent.orphan();
        }
      }
    }
    return possible;
  }

  private boolean isDriver() {
    return Thread.currentThread().equals(driver);
  }

  /**
   * Makes the caller the driver if there is none or it has ended. This is not possible where the
   * driver ended while reads were in flight, because only its thread could learn of their end.
   * Thread: the one that closes the store.
   */
  public void claimToClose() {
    Thread known = driver;
    if (known == null || !known.isAlive()) {
      claim(known);
    }
  }

  private void requireDriver() {
    if (!claim()) {
      Thread other = driver;
      throw new WrongThreadException(
          "another thread drives the store's agents, for life: call their invoker on that thread:"
              + " driver="
              + (other == null ? "none" : other.getName())
              + ", caller="
              + Thread.currentThread().getName());
    }
  }

  @Override
  public String roleName() {
    return "ashlar";
  }

  /**
   * Makes the caller the driver, and opens the agents' queues.
   *
   * @throws WrongThreadException if another thread is the driver.
   */
  @Override
  public void onStart() {
    requireDriver();
    var _ = drive();
  }

  /**
   * Does the work of every agent once.
   *
   * @throws WrongThreadException if another thread is the driver.
   */
  @Override
  public int doWork() {
    if (closed) {
      throw ENDED;
    }
    requireDriver();
    int done = drive();
    // An invoker that sees an interrupt where nothing was done never runs its agent again.
    return done == 0 && Thread.currentThread().isInterrupted() ? 1 : done;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // the driver alone writes it
  public int drive() {
    if (driving) {
      return 0;
    }
    driving = true;
    int done = 0;
    try {
      for (Driven driven : running) {
        done += driven.work();
      }
    } finally {
      driving = false;
      rounds++;
    }
    return done;
  }

  /**
   * Ends the agents, because the embedder closed the invoker. If the store is still open, it fails.
   *
   * @throws WrongThreadException if another thread is the driver.
   */
  @Override
  public void onClose() {
    if (!closed) {
      requireDriver();
      for (Driven driven : running) {
        driven.end();
      }
    }
  }

  /** Returns a number that changes with every round of the driver. */
  public long rounds() {
    return rounds;
  }

  /** Returns the thread that drives, if there is one. */
  public @Nullable Thread driver() {
    return driver;
  }

  /** Ends the invoker, after every agent has ended. */
  public void close() {
    closed = true;
    Driving.end(this);
  }

  private static void rethrow(Throwable thrown) {
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
  }
}
