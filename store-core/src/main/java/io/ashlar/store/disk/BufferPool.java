package io.ashlar.store.disk;

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.uring.NativeMemory;
import io.ashlar.uring.TouchAhead;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A bounded pool of native buffers, aligned for direct I/O, all in one mapping on huge pages, which
 * carry large transfers faster. Its pages are touched ahead, because a first touch takes time. The
 * last {@value #TOUCHED_AT_ONCE} bytes, with all small buffers, are touched at creation. A thread
 * of its own touches the rest after {@link #touchRest()}.
 *
 * <p>Buffers come in size classes with a fixed share of the pool each:
 *
 * <pre>
 *   class      4 KiB  16 KiB  64 KiB  256 KiB  512 KiB  1 MiB  4 MiB
 *   sixteenths     2       1       3        2        4      4      -   below 64 MiB
 *   sixteenths     1       1       1        1        4      4      4   from 64 MiB
 * </pre>
 *
 * <p>A request takes the smallest class that holds it, or a larger one when that is empty. So large
 * buffers serve every request, small ones do not (0017). 512 KiB has a class of its own, because
 * ingest of such blobs would otherwise waste half of the pool. The remainder of a share goes to the
 * next smaller class. A pool of 4 MiB has one buffer of 1 MiB.
 *
 * <p>With checks, a released buffer is filled with {@code 0xDB} and verified when it is taken
 * again. This detects a write after the release, and a read after it sees nonsense.
 *
 * <p>Thread: any; {@link #tryTake} and {@link PooledBuffer#release()} are lock-free and allocate
 * nothing (a release that wakes a waiter may). Memory: freed by {@link #close()}.
 */
public final class BufferPool implements AutoCloseable {
  /** The smallest pool. */
  public static final long BYTES_MIN = 4L << 20;

  /** Every buffer starts at a multiple of this and is a multiple of it long. */
  public static final int ALIGNMENT = 4096;

  private static final long[] CLASS_BYTES = {
    4L << 10, 16L << 10, 64L << 10, 256L << 10, 512L << 10, 1L << 20, 4L << 20
  };
  private static final int[] SMALL_SHARES = {2, 1, 3, 2, 4, 4, 0};
  private static final int[] LARGE_SHARES = {1, 1, 1, 1, 4, 4, 4};
  private static final long LARGE_BYTES = 64L << 20;

  /** The byte that fills released buffers, with checks. */
  public static final byte POISON = (byte) 0xDB;

  private static final long POISON_LONG = 0xDBDBDBDBDBDBDBDBL;

  /** What is touched when a pool is made: all of it may take 100 ms on a virtual machine. */
  private static final long TOUCHED_AT_ONCE = 4L << 20;

  private final NativeMemory memory;
  private final boolean checks;
  private final PooledBuffer[][] buffers;
  private final BufferStack[] free;
  private final BufferWaiters waiters = new BufferWaiters(this);
  private final long totalBytes;
  private @Nullable TouchAhead touching;
  private volatile @Nullable OpenHandles handles; // set once, by who opens the store

  /**
   * Maps the memory, and touches the buffers that are used first.
   *
   * @param poolBytes at least {@link #BYTES_MIN}; a rest that no buffer fits into is not mapped.
   * @param checks whether to poison released buffers and verify them.
   * @throws IllegalArgumentException if {@code poolBytes} is too small, or beyond what a class's
   *     share can number.
   * @throws io.ashlar.uring.NativeException if the memory cannot be had.
   */
  public BufferPool(long poolBytes, boolean checks) {
    if (poolBytes < BYTES_MIN || poolBytes > 1L << 42) {
      throw new IllegalArgumentException(
          "pool size out of range: poolBytes=%d, min=%d".formatted(poolBytes, BYTES_MIN));
    }
    this.checks = checks;
    int[] shares = poolBytes < LARGE_BYTES ? SMALL_SHARES : LARGE_SHARES;
    int classes = poolBytes < LARGE_BYTES ? CLASS_BYTES.length - 1 : CLASS_BYTES.length;
    int[] counts = counts(poolBytes, shares, classes);
    long bytes = 0;
    for (int sizeClass = 0; sizeClass < classes; sizeClass++) {
      bytes += counts[sizeClass] * CLASS_BYTES[sizeClass];
    }
    this.totalBytes = bytes;
    this.memory = NativeMemory.allocate(bytes, TOUCHED_AT_ONCE);
    this.buffers = new PooledBuffer[classes][];
    this.free = new BufferStack[classes];
    // The largest first: every buffer then starts at a multiple of its length, up to a huge page's.
    long offset = 0;
    for (int sizeClass = classes - 1; sizeClass >= 0; sizeClass--) {
      offset = fill(sizeClass, counts[sizeClass], offset);
    }
  }

  /** Lets a pool that ran dry say what holds it. Thread: the one that made it. */
  void handles(OpenHandles newHandles) {
    handles = newHandles;
  }

  /** Begins to touch what was not touched yet, if anything. Thread: the one that made it. */
  public void touchRest() {
    if (memory.untouchedBytes() > 0 && touching == null && !checks) {
      MemorySegment rest = memory.segment().asSlice(0, memory.untouchedBytes());
      touching = new TouchAhead("ashlar-pool-touch", List.of(rest));
    }
  }

  /**
   * Takes a buffer if there is one.
   *
   * @param bytes 0 to {@link #largestBytes()}.
   * @return a buffer of at least {@code bytes}, or null when every class that holds it is empty.
   * @throws IllegalArgumentException if no buffer is so large.
   * @throws IllegalStateException if checks find that the buffer was written after its release.
   */
  public @Nullable PooledBuffer tryTake(long bytes) {
    return tryTakeClass(classOf(bytes));
  }

  /**
   * Takes a buffer of just the class that holds {@code bytes}, if more than half of them are free
   * and it is not the last; for callers that can do without one.
   *
   * @param bytes 0 or more; there is no such buffer beyond {@link #largestBytes()}.
   * @throws IllegalStateException if checks find that the buffer was written after its release.
   */
  public @Nullable PooledBuffer tryTakeSpare(long bytes) {
    if (bytes > largestBytes()) {
      return null;
    }
    int sizeClass = classOf(bytes);
    boolean spare = free[sizeClass].count() > Math.max(1, buffers[sizeClass].length / 2);
    return spare ? tryTakeOf(sizeClass) : null;
  }

  /**
   * Takes a buffer, waiting for one if necessary. Waiters are woken oldest first, but a thread that
   * does not wait yet may be faster. An interrupt ends nothing and stays pending.
   *
   * @param bytes 0 to {@link #largestBytes()}.
   * @param deadlineNs when to give up, on the clock of {@link System#nanoTime()}.
   * @return a buffer of at least {@code bytes}.
   * @throws BackPressureTimeoutException if there was none until the deadline.
   * @throws IllegalArgumentException if no buffer is so large.
   */
  public PooledBuffer take(long bytes, long deadlineNs) {
    int sizeClass = classOf(bytes);
    PooledBuffer buffer = tryTakeClass(sizeClass);
    if (buffer == null) {
      buffer = waiters.await(sizeClass, deadlineNs);
    }
    if (buffer == null) {
      throw ranDry(bytes);
    }
    return buffer;
  }

  private BackPressureTimeoutException ranDry(long bytes) {
    OpenHandles open = handles;
    String numbers =
        "bytes=%d, freeBytes=%d, poolBytes=%d".formatted(bytes, freeBytes(), totalBytes);
    return open == null
        ? new BackPressureTimeoutException("no buffer became free in time: " + numbers, null)
        : new BackPressureTimeoutException(
            "no buffer became free in time: close leases and epochs sooner, or raise poolBytes or"
                + " backPressureTimeoutMs: "
                + numbers
                + ", "
                + open,
            open.oldest());
  }

  /** Returns the capacity of all buffers taken for a use; exact when no thread takes one. */
  public long bytesUsedFor(PooledBuffer.Use use) {
    long bytes = 0;
    for (PooledBuffer[] ofClass : buffers) {
      for (PooledBuffer buffer : ofClass) {
        bytes += buffer.isUsedFor(use) ? buffer.capacity() : 0;
      }
    }
    return bytes;
  }

  /** Returns the capacity of the largest buffers. */
  public long largestBytes() {
    return CLASS_BYTES[free.length - 1];
  }

  /** Returns the capacity of all free buffers; exact when no thread takes or releases one. */
  public long freeBytes() {
    long bytes = 0;
    for (int sizeClass = 0; sizeClass < free.length; sizeClass++) {
      bytes += free[sizeClass].count() * CLASS_BYTES[sizeClass];
    }
    return bytes;
  }

  /** Returns the capacity of all buffers. */
  public long totalBytes() {
    return totalBytes;
  }

  /** Returns whether released buffers are poisoned and verified. */
  public boolean checks() {
    return checks;
  }

  /** Returns the whole mapping; not to be written through while anybody uses a buffer. */
  public MemorySegment region() {
    return memory.segment();
  }

  /** Returns the threads that wait for a buffer now. */
  public int waiterCount() {
    return waiters.count();
  }

  /**
   * Unmaps the memory; idempotent. No thread uses a buffer any more, and no ring operation.
   *
   * @throws IllegalStateException if a system call is using a buffer at this moment.
   */
  @Override
  public void close() {
    if (touching != null) {
      touching.close();
    }
    memory.close();
  }

  /** Takes a buffer of this class or a larger one, or returns null. */
  @Nullable PooledBuffer tryTakeClass(int smallestClass) {
    for (int sizeClass = smallestClass; sizeClass < free.length; sizeClass++) {
      PooledBuffer buffer = tryTakeOf(sizeClass);
      if (buffer != null) {
        return buffer;
      }
    }
    return null;
  }

  private @Nullable PooledBuffer tryTakeOf(int sizeClass) {
    int number = free[sizeClass].pop();
    if (number == BufferStack.EMPTY) {
      return null;
    }
    PooledBuffer buffer = buffers[sizeClass][number];
    buffer.markTaken();
    if (checks) {
      verifyPoison(buffer);
    }
    return buffer;
  }

  /** Returns whether a buffer of this class or a larger one is free. */
  boolean hasFree(int smallestClass) {
    for (int sizeClass = smallestClass; sizeClass < free.length; sizeClass++) {
      if (!free[sizeClass].isEmpty()) {
        return true;
      }
    }
    return false;
  }

  void giveBack(PooledBuffer buffer) {
    if (checks) {
      buffer.segment().fill(POISON);
    }
    free[buffer.sizeClass()].push(buffer.number());
    waiters.wakeOne();
  }

  private static int[] counts(long poolBytes, int[] shares, int classes) {
    int[] counts = new int[classes];
    long rest = 0;
    for (int sizeClass = classes - 1; sizeClass >= 0; sizeClass--) {
      long bytes = poolBytes / 16 * shares[sizeClass] + rest;
      counts[sizeClass] = Math.toIntExact(bytes / CLASS_BYTES[sizeClass]);
      rest = bytes % CLASS_BYTES[sizeClass];
    }
    return counts;
  }

  private long fill(int sizeClass, int count, long offset) {
    long capacity = CLASS_BYTES[sizeClass];
    buffers[sizeClass] = new PooledBuffer[count];
    free[sizeClass] = new BufferStack(count);
    for (int number = 0; number < count; number++) {
      MemorySegment slice = memory.segment().asSlice(offset + number * capacity, capacity);
      buffers[sizeClass][number] = new PooledBuffer(this, slice, sizeClass, number);
      if (checks) {
        slice.fill(POISON);
      }
    }
    for (int number = count - 1; number >= 0; number--) {
      free[sizeClass].push(number);
    }
    return offset + count * capacity;
  }

  private int classOf(long bytes) {
    for (int sizeClass = 0; sizeClass < free.length; sizeClass++) {
      if (bytes <= CLASS_BYTES[sizeClass] && bytes >= 0) {
        return sizeClass;
      }
    }
    throw new IllegalArgumentException(
        "no buffer is large enough: bytes=%d, largestBytes=%d".formatted(bytes, largestBytes()));
  }

  private static void verifyPoison(PooledBuffer buffer) {
    MemorySegment content = buffer.segment();
    for (long offset = 0; offset < content.byteSize(); offset += Long.BYTES) {
      if (content.get(ValueLayout.JAVA_LONG, offset) != POISON_LONG) {
        throw new IllegalStateException(
            "buffer was written after its release: %s, offset=%d".formatted(buffer, offset));
      }
    }
  }
}
