package io.ashlar.store.commit;

import io.ashlar.store.AckListener;
import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.StoreException;
import io.ashlar.store.commit.epoch.CommitQueue;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.commit.epoch.EpochBufferPool;
import io.ashlar.store.commit.epoch.EpochOutcome;
import io.ashlar.store.commit.role.CommitAgent;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.metrics.CommitLatency;
import io.ashlar.store.metrics.Stalls;
import io.ashlar.store.metrics.StoreCounters;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a caller can do with a whole epoch: take a buffer for it, commit it, give it up.
 *
 * <p>A blocking commit is tried on the caller's thread first. Otherwise the epoch is queued for the
 * I/O thread. An epoch that could not be queued is still its caller's, or was given up.
 *
 * <p>Thread: an epoch's caller.
 */
final class EpochCommits {

  private final Lender lender;
  private final StoreGate gate;
  private final CommitQueue queue;
  private final CommitAgent agent;
  private final EpochBufferPool buffers;
  private final HeldSpace held;
  private final Runnable workIfDrivenHere;
  private final Stalls stalls;
  private final CommitLatency latency;

  EpochCommits(
      Lender lender,
      CommitQueue queue,
      CommitAgent agent,
      EpochBufferPool buffers,
      HeldSpace held,
      Runnable workIfDrivenHere,
      StoreCounters counters) {
    this.lender = lender;
    gate = lender.gate();
    this.queue = queue;
    this.agent = agent;
    this.buffers = buffers;
    this.held = held;
    this.workIfDrivenHere = workIfDrivenHere;
    stalls = counters.stalls;
    latency = counters.latency;
  }

  /** Takes a buffer for an epoch. */
  EpochBuffer take() {
    return buffers.take();
  }

  /** Returns whether no commit is running or queued, so that the device is idle. */
  boolean isIdle() {
    return agent.isIdle() && !gate.isInListener();
  }

  /** Returns whether the queue would take an epoch at this moment. */
  boolean hasQueueRoom() {
    return queue.hasRoom();
  }

  /**
   * Commits an epoch of the store's own; an epoch that cannot be filled or prepared is returned to
   * its pool.
   */
  void fillAndCommit(Consumer<EpochBuffer> fill) {
    EpochBuffer buffer = buffers.take();
    boolean filled = false;
    try {
      fill.accept(buffer);
      buffer.expectHere();
      buffer.outcome().setBegunNs(stalls.nowNs());
      filled = true;
    } finally {
      if (!filled) {
        buffers.recycle(buffer);
      }
    }
    latency.countOwn(); // first: it must never look like an application's
    var _ = commitExpected(buffer);
  }

  /** Commits and waits; returns the epoch's number and recycles the buffer. */
  long commit(EpochBuffer buffer) {
    expect(buffer, null);
    return commitExpected(buffer);
  }

  private long commitExpected(EpochBuffer buffer) {
    EpochOutcome outcome = buffer.outcome();
    if (!agent.tryCommitHere(buffer)) {
      if (agent.mayLead(Thread.currentThread())) {
        offer(buffer);
        outcome.awaitLeading(agent);
      } else {
        enqueue(buffer);
        workIfDrivenHere.run();
        outcome.await();
      }
    }
    StoreException failure = outcome.failure();
    if (failure == null) {
      stalls.committed(outcome.begunNs(), outcome.gatheredNs(), outcome.toldNs());
    }
    long epoch = outcome.epoch();
    buffers.recycle(buffer);
    if (failure != null) {
      throw failure;
    }
    return epoch;
  }

  /** Commits; {@code listener} is told, and the buffer recycled, by the I/O thread. */
  void commit(EpochBuffer buffer, AckListener listener) {
    expect(buffer, listener);
    enqueue(buffer);
  }

  /** Prepares a commit; what goes wrong here leaves the epoch with its caller. */
  private void expect(EpochBuffer buffer, @Nullable AckListener listener) {
    boolean done = false;
    try {
      if (listener == null) {
        buffer.expectHere();
      } else {
        buffer.expect(listener);
      }
      buffer.outcome().setBegunNs(stalls.nowNs());
      done = true;
    } finally {
      if (!done) {
        buffer.mend();
      }
    }
  }

  /** Commits as {@link #commit(EpochBuffer, AckListener)} does, unless the queue is full. */
  boolean tryCommit(EpochBuffer buffer, AckListener listener) {
    expect(buffer, listener);
    boolean queued = queue.offer(buffer);
    if (queued) {
      agent.wakeForWork();
    }
    return queued;
  }

  private void enqueue(EpochBuffer buffer) {
    offer(buffer);
    agent.wakeForWork();
  }

  private void offer(EpochBuffer buffer) {
    boolean listener = gate.isInListener(); // it would wait for itself
    long timeoutMs = listener ? 0 : lender.waitMs();
    if (!queue.offer(buffer, timeoutMs)) {
      if (listener) {
        buffer.mend(); // giving back what it holds would wait: it is still the caller's
      } else {
        abandon(buffer);
      }
      throw new BackPressureTimeoutException(
          "the commit queue stayed full; the epoch was not applied: commit more slowly or raise"
              + " queueCapacity or backPressureTimeoutMs: queueCapacity="
              + queue.capacity()
              + ", backPressureTimeoutMs="
              + lender.waitMs(),
          null);
    }
  }

  /** Ends an epoch that will not be committed: gives its buffers and extents back. */
  void abandon(EpochBuffer buffer) {
    try {
      held.freeAll(buffer);
    } finally {
      buffers.recycle(buffer);
    }
  }
}
