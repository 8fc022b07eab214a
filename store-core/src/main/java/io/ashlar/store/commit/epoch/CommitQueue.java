package io.ashlar.store.commit.epoch;

import io.ashlar.store.spi.Driving;
import java.util.concurrent.TimeUnit;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of entries that wait for the commit role. Any thread adds, the role's holder
 * takes. The order of entries is the order of epochs.
 *
 * <p>When the queue is full, a producer waits until its deadline, parked in short steps. A full
 * queue means that the disk is the bottleneck, so the cost of the steps does not matter.
 */
public final class CommitQueue {

  private static final long FULL_PARK_NS = 50_000;

  private final MpscVarHandleArrayQueue<QueueEntry> entries;
  private final int capacity;

  public CommitQueue(int capacity) {
    this.capacity = capacity;
    entries = new MpscVarHandleArrayQueue<>(capacity);
  }

  /** Adds an entry unless the queue is full. Thread: any. */
  public boolean offer(QueueEntry entry) {
    return entries.offer(entry);
  }

  /**
   * Adds an entry, waiting up to {@code timeoutMs}; returns false when it stayed full. Thread: any.
   */
  public boolean offer(QueueEntry entry, long timeoutMs) {
    if (entries.offer(entry)) {
      return true;
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (!entries.offer(entry)) {
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      Driving.pause(this, FULL_PARK_NS);
    }
    return true;
  }

  /** Takes the next entry out, or null. Thread: the commit role's holder. */
  public @Nullable QueueEntry poll() {
    return entries.poll();
  }

  /** Returns the next entry without taking it, or null. Thread: the commit role's holder. */
  public @Nullable QueueEntry peek() {
    return entries.peek();
  }

  /** Returns whether an entry would be taken at this moment. Thread: any. */
  public boolean hasRoom() {
    return entries.size() < entries.capacity();
  }

  /** Returns the capacity that was asked for. Thread: any. */
  public int capacity() {
    return capacity;
  }

  /** Returns how many entries wait, at this moment. Thread: any. */
  public int size() {
    return entries.size();
  }

  /** Returns whether nothing waits. Thread: any. */
  public boolean isEmpty() {
    return entries.isEmpty();
  }
}
