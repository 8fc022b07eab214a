package io.ashlar.store.disk;

import io.ashlar.uring.IoVectors;
import java.lang.foreign.MemorySegment;

/**
 * Operations of one thread on a {@link Disk}: submitted without waiting, delivered once each.
 *
 * <p>Thread: the one that opened the queue, for every method except {@link #wakeUp()}. Any other
 * thread gets an {@link IllegalStateException}. Allocates nothing in steady state.
 *
 * <p>An operation starts when it is submitted or, at the latest, at the next {@link #poll} or
 * {@link #await}: a thread that waits for an operation keeps calling these.
 *
 * <p>Every accepted operation is delivered to exactly one {@link DiskCompletion}, in any order. A
 * sync does not wait for writes in flight; a caller that needs this reaps them first. Failures are
 * delivered, not thrown. Memory and {@link IoVectors} must stay untouched until then.
 *
 * <p>When full, {@code submit…} throws {@link IllegalStateException}: the owner keeps {@link
 * #inFlight()} below the capacity.
 */
public interface DiskQueue extends AutoCloseable {
  /**
   * Submits one gathered write of a contiguous range.
   *
   * @param durable whether these bytes, and only these, are durable when it completes; else a sync
   *     makes them so.
   * @param token given back with the completion.
   * @throws IllegalStateException if the queue is full or closed.
   */
  void submitWrite(IoVectors sources, long offset, boolean durable, long token);

  /**
   * Submits a read to the start of a target that may be longer; it completes with fewer bytes than
   * asked only at the end of the file.
   *
   * @param bytes how many; 0 to the target's length.
   * @param token given back with the completion.
   * @throws IllegalStateException if the queue is full or closed.
   */
  void submitRead(MemorySegment target, long bytes, long offset, long token);

  /**
   * Delivers the completed operations and never blocks.
   *
   * @return completions delivered.
   */
  int poll(DiskCompletion handler);

  /**
   * Waits for a completion, a {@link #wakeUp()} or the time-out, then delivers the completed
   * operations. A wake-up that came before this call ends it at once, and only once.
   *
   * @param timeoutNs nanoseconds, 0 or more; {@link Long#MAX_VALUE} waits without end.
   * @return completions delivered; 0 after a wake-up or the time-out.
   */
  int await(DiskCompletion handler, long timeoutNs);

  /** Ends the owner's {@link #await}, now or the next one. Any thread; no effect after close. */
  void wakeUp();

  /**
   * Returns whether the queue itself has failed: every operation is then delivered with that
   * failure, now and later, and their memory may be in use until {@link #close()} has returned.
   */
  boolean failed();

  /** Returns the operations submitted and not yet delivered. */
  int inFlight();

  /**
   * Returns whether operations run while the owner does other work, rather than within {@code
   * submit…}.
   */
  boolean isConcurrent();

  /**
   * Waits until the device has finished every operation, then frees the queue. Completions that
   * were not delivered are dropped: memory may be reused afterwards.
   *
   * <p>Once the thread that opened the queue has ended, any thread may close it, if no operation is
   * in flight.
   *
   * @throws IllegalStateException if the device did not finish in time: the memory of the
   *     operations in flight must then never be reused.
   */
  @Override
  void close();
}
