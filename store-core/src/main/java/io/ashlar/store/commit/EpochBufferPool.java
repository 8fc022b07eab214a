package io.ashlar.store.commit;

import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;

/**
 * Keeps ended {@link EpochBuffer}s for the next epochs. One more is made whenever none is at hand:
 * how many there are is bounded by how many epochs were open at once.
 *
 * <p>Thread: any.
 */
final class EpochBufferPool {

  private final MpmcVarHandleArrayQueue<EpochBuffer> idle;
  private final HeldQuota quota;

  EpochBufferPool(int capacity, HeldQuota quota) {
    this.quota = quota;
    idle = new MpmcVarHandleArrayQueue<>(capacity);
  }

  /** Returns an empty one. */
  EpochBuffer take() {
    EpochBuffer buffer = idle.poll();
    return buffer != null ? buffer : new EpochBuffer();
  }

  /** Takes one back; its pooled buffers go to their pool, and what it held counts no longer. */
  void recycle(EpochBuffer buffer) {
    buffer.values().release();
    quota.giveBack(buffer.quotaBlocks());
    buffer.reset();
    var _ = idle.offer(buffer); // when full, the garbage collector takes it
  }
}
