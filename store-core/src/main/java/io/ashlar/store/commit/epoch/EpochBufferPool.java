package io.ashlar.store.commit.epoch;

import io.ashlar.store.spi.HandleTraces;
import java.util.concurrent.atomic.AtomicInteger;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Keeps ended {@link EpochBuffer}s for the next epochs. It creates a buffer when none is idle, so
 * the most epochs open at once bounds their number. A buffer that is not idle is in use, so
 * counting open epochs costs an epoch nothing.
 *
 * <p>Thread: any.
 */
public final class EpochBufferPool {

  private final MpmcVarHandleArrayQueue<EpochBuffer> idle;
  private final HeldQuota quota;
  private final Quota claimQuota;
  private final @Nullable HandleTraces traces;
  private final AtomicInteger made = new AtomicInteger(); // less those that were dropped

  public EpochBufferPool(
      int capacity, HeldQuota quota, Quota claimQuota, @Nullable HandleTraces traces) {
    this.quota = quota;
    this.claimQuota = claimQuota;
    this.traces = traces;
    idle = new MpmcVarHandleArrayQueue<>(capacity);
  }

  /** Returns an empty one. */
  public EpochBuffer take() {
    EpochBuffer buffer = idle.poll();
    if (buffer == null) {
      buffer = new EpochBuffer(claimQuota);
      made.incrementAndGet();
    }
    if (traces != null) {
      traces.taken(buffer, "epoch");
    }
    return buffer;
  }

  /** Returns how many buffers are taken; exact while no thread takes or returns one. */
  public int inUse() {
    return Math.max(0, made.get() - idle.size());
  }

  /** Takes a buffer back: returns its pooled memory to the pool and releases its quotas. */
  public void recycle(EpochBuffer buffer) {
    boolean kept = false;
    try {
      buffer.releaseBuffers();
      quota.giveBack(buffer.quotaBlocks());
      buffer.reset();
      if (traces != null) {
        traces.returned(buffer);
      }
      kept = idle.offer(buffer);
    } finally {
      if (!kept) {
        made.decrementAndGet(); // the garbage collector takes it
      }
    }
  }
}
