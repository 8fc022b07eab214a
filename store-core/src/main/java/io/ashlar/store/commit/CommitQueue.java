package io.ashlar.store.commit;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of what waits for the commit role: any thread puts in, the role's holder takes
 * out. The order in which entries come in is the order of epochs.
 *
 * <p>When it is full a producer waits, parked in short steps, up to its deadline: a full queue
 * means that the disk is far behind, so the steps cost nothing that matters.
 */
final class CommitQueue {

  private static final long FULL_PARK_NS = 50_000;

  private final MpscVarHandleArrayQueue<QueueEntry> entries;

  CommitQueue(int capacity) {
    entries = new MpscVarHandleArrayQueue<>(capacity);
  }

  /** Adds an entry unless the queue is full. Thread: any. */
  boolean offer(QueueEntry entry) {
    return entries.offer(entry);
  }

  /**
   * Adds an entry, waiting up to {@code timeoutMs}; returns false when it stayed full. Thread: any.
   */
  boolean offer(QueueEntry entry, long timeoutMs) {
    if (entries.offer(entry)) {
      return true;
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (!entries.offer(entry)) {
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      LockSupport.parkNanos(this, FULL_PARK_NS);
    }
    return true;
  }

  /** Takes the next entry out, or null. Thread: the commit role's holder. */
  @Nullable QueueEntry poll() {
    return entries.poll();
  }

  /** Returns the next entry without taking it, or null. Thread: the commit role's holder. */
  @Nullable QueueEntry peek() {
    return entries.peek();
  }

  /** Returns whether nothing waits. Thread: any. */
  boolean isEmpty() {
    return entries.isEmpty();
  }
}
