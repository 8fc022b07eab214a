package io.ashlar.store.read;

import io.ashlar.store.disk.Disk;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads for those who cannot or will not block a platform thread: virtual threads, whose carrier a
 * {@code pread} would pin, callers who are told later, and batches.
 *
 * <p>Through a ring of its own; where that is refused, or fails, through a few threads that read.
 * Nothing is started before the first read.
 *
 * <p>Thread: any. Memory is read into as long as a request is under way: pooled buffers only, which
 * nobody can unmap meanwhile.
 */
public final class ReadAgent implements AutoCloseable {

  private static final long FULL_PARK_NS = 50_000;
  private static final System.Logger LOGGER = System.getLogger(ReadAgent.class.getName());

  private final Disk disk;
  private final ReentrantLock starting = new ReentrantLock();
  private volatile @Nullable ReadEngine engine; // written under the lock, read by any thread
  private @Nullable ReadEngine failedRing; // under the lock

  /** Creates one that has started nothing. */
  public ReadAgent(Disk disk) {
    this.disk = disk;
  }

  /**
   * Reads blocks and waits for them, parked.
   *
   * @param request the caller's, without a completion.
   * @param target a pooled buffer's memory.
   * @return bytes read, fewer than asked for only at the end of the file.
   * @throws NativeException if the device fails.
   */
  long read(ReadRequest request, MemorySegment target, long bytes, long offset) {
    request.prepare(target, bytes, offset);
    submit(request);
    request.await();
    NativeException failure = request.failure();
    if (failure != null) {
      throw failure;
    }
    return request.bytesRead();
  }

  /** Sends a prepared request on its way; waits while as many are waiting as can. */
  void submit(ReadRequest request) {
    while (!engine().offer(request)) {
      LockSupport.parkNanos(this, FULL_PARK_NS);
    }
  }

  /**
   * Refuses what would wait for a thread that completes requests, on that thread.
   *
   * @throws IllegalStateException if this is one.
   */
  public void refuseOwnThread() {
    if (isOwnThread()) {
      throw new IllegalStateException(
          "this was called by a listener of reads and would wait for it to return: do it on another"
              + " thread");
    }
  }

  /** Returns whether this is a thread that completes requests, and so must not wait for one. */
  boolean isOwnThread() {
    ReadEngine now = engine;
    return now != null && now.isOwnThread();
  }

  private ReadEngine engine() {
    ReadEngine now = engine;
    return now != null ? now : start();
  }

  private ReadEngine start() {
    starting.lock();
    try {
      ReadEngine now = engine;
      if (now == null) {
        now = disk.queuesOverlap() ? ring() : new HelperReads(disk);
        engine = now;
      }
      return now;
    } finally {
      starting.unlock();
    }
  }

  private ReadEngine ring() {
    try {
      return RingReads.start(disk, this::passOn);
    } catch (NativeException | RejectedExecutionException refused) {
      LOGGER.log(
          System.Logger.Level.INFO,
          "no ring for reads, a few threads read instead: " + refused.getMessage());
      return new HelperReads(disk);
    }
  }

  /** Takes over what a ring that failed has not done. */
  private void passOn(List<ReadRequest> requests) {
    ReadEngine now;
    starting.lock();
    try {
      if (!(engine instanceof HelperReads)) {
        failedRing = engine;
        engine = new HelperReads(disk);
      }
      now = engine;
    } finally {
      starting.unlock();
    }
    for (ReadRequest request : requests) {
      while (now != null && !now.offer(request)) {
        LockSupport.parkNanos(this, FULL_PARK_NS);
      }
    }
  }

  /** Ends what was started; nobody reads any more. Idempotent. */
  @Override
  public void close() {
    ReadEngine ended;
    ReadEngine endedRing;
    starting.lock();
    try {
      ended = engine;
      endedRing = failedRing;
    } finally {
      starting.unlock();
    }
    if (endedRing != null) {
      endedRing.close();
    }
    if (ended != null) {
      ended.close();
    }
  }
}
