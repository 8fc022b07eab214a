package io.ashlar.store.disk;

import io.ashlar.store.spi.HandleTraces;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a store lends to its callers, and until when: buffers of the pool, counted in the gate. A
 * close waits for the operations that are in the gate, and for no handle (rule L22).
 *
 * <p>A caller that finds the pool empty waits for a buffer until {@link #deadlineNs}. A listener
 * does not wait at all, because only the threads that it blocks can release what it would wait for.
 *
 * <p>Thread: any.
 *
 * @param gate every operation is within it; it counts the open leases.
 * @param pool the buffers.
 * @param traces notes where handles were taken; null unless traces are on.
 * @param waitMs how long a caller waits for a buffer, in milliseconds.
 */
public record Lender(StoreGate gate, BufferPool pool, @Nullable HandleTraces traces, long waitMs) {

  /** Returns until when a wait that begins now may last, on the clock of System.nanoTime(). */
  public long deadlineNs() {
    return System.nanoTime() + (gate.isInListener() ? 0 : TimeUnit.MILLISECONDS.toNanos(waitMs));
  }

  /**
   * Takes a buffer, waiting for it if necessary.
   *
   * @throws io.ashlar.store.BackPressureTimeoutException if there was none until the deadline.
   */
  public PooledBuffer takeBuffer(long bytes) {
    PooledBuffer buffer = pool.tryTake(bytes);
    return buffer != null ? buffer : pool.take(bytes, deadlineNs());
  }
}
