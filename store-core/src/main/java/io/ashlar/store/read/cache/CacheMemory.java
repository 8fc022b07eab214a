package io.ashlar.store.read.cache;

import io.ashlar.store.format.Blocks;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The cache's native memory: one mapping, allocated in runs of 4 KiB blocks by the binary buddy
 * method (Knuth, TAOCP 1, 2.5, algorithms R and S). The unneeded end of a run is freed at once, so
 * runs waste no blocks.
 *
 * <p>Thread: any. A thread that fills the cache, or releases a dropped blob, holds a lock for a few
 * hundred instructions; a hit never does. Memory: a block's links take 9 bytes of heap for 4 KiB.
 */
public final class CacheMemory implements AutoCloseable {

  private static final int NONE = -1;
  private static final byte NOT_FREE = -1;

  private final NativeMemory memory;
  private final int blocks;
  private final ReentrantLock lock = new ReentrantLock();
  private final int[] firstFree = new int[Integer.SIZE]; // by order; under the lock, as the rest
  private final int[] next;
  private final int[] previous;
  private final byte[] freeOrder; // of a free run's first block; NOT_FREE else
  private long freeBlocks;

  /** Maps and touches memory for whole blocks. */
  public CacheMemory(long bytes) {
    blocks = Math.toIntExact(bytes / Blocks.BYTES);
    memory = NativeMemory.allocate(Blocks.offset(blocks));
    next = new int[blocks];
    previous = new int[blocks];
    freeOrder = new byte[blocks];
    Arrays.fill(firstFree, NONE);
    Arrays.fill(freeOrder, NOT_FREE);
    free(0, blocks);
  }

  /** Takes a run of blocks, one or more; returns the first, or −1 when there is none. */
  public int allocate(int count) {
    int wanted = Integer.SIZE - Integer.numberOfLeadingZeros(count - 1);
    lock.lock();
    try {
      int order = wanted;
      while (order < Integer.SIZE - 1 && firstFree[order] == NONE) {
        order++;
      }
      if (order == Integer.SIZE - 1) {
        return NONE;
      }
      int start = firstFree[order];
      unlink(start, order);
      freeBlocks -= count;
      linkRuns(start + count, (1 << order) - count);
      return start;
    } finally {
      lock.unlock();
    }
  }

  /** Gives a run back. */
  void free(int start, int count) {
    lock.lock();
    try {
      freeBlocks += count;
      linkRuns(start, count);
    } finally {
      lock.unlock();
    }
  }

  private void linkRuns(int start, int count) {
    int at = start;
    int left = count;
    while (left > 0) {
      int byLength = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(left);
      int order = at == 0 ? byLength : Math.min(Integer.numberOfTrailingZeros(at), byLength);
      merge(at, order);
      at += 1 << order;
      left -= 1 << order;
    }
  }

  private void merge(int start, int startOrder) {
    int at = start;
    int order = startOrder;
    while (true) {
      int buddy = at ^ 1 << order;
      if (buddy >= blocks || freeOrder[buddy] != order) {
        break;
      }
      unlink(buddy, order);
      at = Math.min(at, buddy);
      order++;
    }
    link(at, order);
  }

  private void link(int start, int order) {
    int first = firstFree[order];
    assert freeOrder[start] == NOT_FREE : "freed twice: block=" + start;
    freeOrder[start] = (byte) order;
    next[start] = first;
    previous[start] = NONE;
    if (first != NONE) {
      previous[first] = start;
    }
    firstFree[order] = start;
  }

  private void unlink(int start, int order) {
    if (previous[start] == NONE) {
      firstFree[order] = next[start];
    } else {
      next[previous[start]] = next[start];
    }
    if (next[start] != NONE) {
      previous[next[start]] = previous[start];
    }
    freeOrder[start] = NOT_FREE;
  }

  /** Returns the memory of a run. */
  MemorySegment slice(int start, int count) {
    return memory.segment().asSlice(Blocks.offset(start), Blocks.offset(count));
  }

  /** Returns how many blocks there are. */
  public int blocks() {
    return blocks;
  }

  /** Returns how many blocks are free. */
  public long freeBlocks() {
    lock.lock();
    try {
      return freeBlocks;
    } finally {
      lock.unlock();
    }
  }

  /** Fills it with a pattern that no reader takes for a blob. */
  public void fill(byte pattern) {
    memory.segment().fill(pattern);
  }

  /** Unmaps it; no reader uses a blob any more. */
  @Override
  public void close() {
    memory.close();
  }
}
