package io.ashlar.store.read;

import io.ashlar.store.disk.LentMemory;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The memory of leases whose blobs are longer than any buffer: a mapping for each, which ends with
 * its lease, or with the store.
 *
 * <p>Thread: any.
 */
final class LongLeases implements AutoCloseable {

  private final Set<LongLease> open;

  LongLeases() {
    this(ConcurrentHashMap.newKeySet());
  }

  /** Keeps the open leases in a set that any thread may use. */
  LongLeases(Set<LongLease> open) {
    this.open = open;
  }

  /** Maps memory for one. */
  LongLease reserve(long bytes) {
    LongLease lease = new LongLease(NativeMemory.reserve(bytes));
    boolean added = false;
    try {
      added = open.add(lease);
    } finally {
      if (!added) {
        lease.memory.close();
      }
    }
    return lease;
  }

  /** Returns the bytes of all of them. */
  long bytes() {
    return open.stream().mapToLong(lease -> lease.memory().byteSize()).sum();
  }

  /**
   * Unmaps the remaining memory; views of it throw from now on. Idempotent.
   *
   * @throws IllegalStateException if a system call uses one of them; the others are unmapped.
   */
  @Override
  public void close() {
    IllegalStateException inUse = null;
    for (LongLease lease : open) {
      try {
        lease.release();
      } catch (IllegalStateException e) {
        inUse = e;
      }
    }
    if (inUse != null) {
      throw inUse;
    }
  }

  /** One of them. */
  final class LongLease implements LentMemory {

    private final NativeMemory memory;

    private LongLease(NativeMemory memory) {
      this.memory = memory;
    }

    /** Returns the memory. */
    MemorySegment memory() {
      return memory.segment();
    }

    @Override
    public void release() {
      memory.close();
      open.remove(this);
    }

    @Override
    public void releaseLate() {
      release();
    }
  }
}
