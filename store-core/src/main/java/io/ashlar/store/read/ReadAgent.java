package io.ashlar.store.read;

import io.ashlar.store.agent.AgentHost;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.spi.Driving;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads for callers that must not block a platform thread: virtual threads, whose carrier a {@code
 * pread} would pin, asynchronous gets, and batches.
 *
 * <p>It reads through a ring of its own. If the ring is refused or fails, a few threads read
 * instead. No ring or thread is started before the first read.
 *
 * <p>Thread: any. Memory: only pooled buffers, which stay mapped while a request is in progress.
 */
public final class ReadAgent implements AutoCloseable {

  private static final long FULL_PARK_NS = 50_000;

  private final Disk disk;
  private final AgentHost host;
  private final ReentrantLock starting = new ReentrantLock();
  private volatile @Nullable ReadEngine engine; // written under the lock, read by any thread
  private @Nullable ReadEngine failedRing; // under the lock

  /**
   * Creates one that has started nothing.
   *
   * @param host runs the agent that has the ring.
   */
  public ReadAgent(Disk disk, AgentHost host) {
    this.disk = disk;
    this.host = host;
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

  /**
   * Starts what reads, if it has not been started. Call this before counting a request or handing
   * over a buffer, so that a failure here leaves no trace.
   */
  void open() {
    var _ = engine();
  }

  /**
   * Sends a prepared request on its way; waits while as many are waiting as can. An exception is
   * thrown before that: the request is then not in progress.
   */
  void submit(ReadRequest request) {
    while (!engine().offer(request)) {
      Driving.pause(this, FULL_PARK_NS);
    }
  }

  /** Returns whether the caller is completing requests, and so must not wait for one. */
  boolean isAtWork() {
    ReadEngine now = engine;
    return now != null && now.isAtWork();
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
      return RingReads.start(host, disk, this::passOn);
    } catch (RuntimeException | Error refused) { // whatever it is, preads need no ring
      Log.log(
          ReadAgent.class,
          System.Logger.Level.INFO,
          "no ring for reads; helper threads read instead: " + refused);
      return new HelperReads(disk);
    }
  }

  /**
   * Takes over a request that a ring which failed has not done. A request that cannot be taken over
   * fails, so that its waiter is told.
   */
  private void passOn(ReadRequest request) {
    boolean taken = false;
    try {
      ReadEngine now = helpers();
      while (!now.offer(request)) {
        Driving.pause(this, FULL_PARK_NS);
      }
      taken = true;
    } catch (RuntimeException | Error e) {
      Log.log(ReadAgent.class, System.Logger.Level.WARNING, "a read was abandoned", e);
    } finally {
      if (!taken) {
        request.complete(ReadRequest.GIVEN_UP, 0);
      }
    }
  }

  private HelperReads helpers() {
    starting.lock();
    try {
      if (engine instanceof HelperReads known) {
        return known;
      }
      HelperReads made = new HelperReads(disk);
      failedRing = engine;
      engine = made;
      return made;
    } finally {
      starting.unlock();
    }
  }

  /** Ends its ring and threads; no caller reads any more. Idempotent. */
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
