package io.ashlar.store.disk;

import io.ashlar.store.spi.Uninterrupted;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A queue that runs each operation when it is submitted, on its owner's thread, and keeps the
 * outcome until it is asked for.
 */
final class PosixDiskQueue implements DiskQueue {
  private final Thread owner = Thread.currentThread();
  private final WakeState wakeState = new WakeState();
  private final BooleanSupplier notified = wakeState::notified; // here: a sleep allocates nothing
  private final DataFileHandle handle;
  private final Runnable onClose;
  private final long[] tokens;
  private final long[] transferred;
  private final @Nullable NativeException[] failures;
  private int first;
  private int count;
  private boolean closed;

  PosixDiskQueue(DataFileHandle handle, int capacity, Runnable onClose) {
    this.handle = handle;
    this.onClose = onClose;
    tokens = new long[capacity];
    transferred = new long[capacity];
    failures = new NativeException[capacity];
  }

  @Override
  public void submitWrite(IoVectors sources, long offset, boolean durable, long token) {
    checkRoom();
    try {
      handle.write(sources, offset, durable);
      completed(token, null, sources.bytes());
    } catch (NativeException failure) {
      completed(token, failure, 0);
    }
  }

  @Override
  public void submitRead(MemorySegment target, long bytes, long offset, long token) {
    checkRoom();
    try {
      completed(token, null, handle.nativeFile().read(target, bytes, offset));
    } catch (NativeException failure) {
      completed(token, failure, 0);
    }
  }

  @Override
  public int poll(DiskCompletion handler) {
    check();
    // What the handler submits is left for the next call: this one ends.
    int ready = count;
    for (int i = 0; i < ready; i++) {
      int place = first;
      NativeException failure = failures[place];
      failures[place] = null;
      first = (first + 1) % tokens.length;
      count--;
      handler.onComplete(tokens[place], failure, transferred[place]);
    }
    return ready;
  }

  @Override
  public int await(DiskCompletion handler, long timeoutNs) {
    check();
    if (count == 0 && wakeState.tryFallAsleep()) {
      if (timeoutNs == Long.MAX_VALUE) {
        Uninterrupted.parkUntil(this, notified);
      } else {
        var _ =
            Uninterrupted.parkUntil(
                this, notified, Uninterrupted.FOR_EVER_NS, System.nanoTime() + timeoutNs);
      }
      wakeState.awake();
    }
    return poll(handler);
  }

  @Override
  public void wakeUp() {
    if (wakeState.wake()) {
      LockSupport.unpark(owner);
    }
  }

  @Override
  public int inFlight() {
    check();
    return count;
  }

  @Override
  public boolean failed() {
    return false;
  }

  @Override
  public boolean isConcurrent() {
    return false;
  }

  @Override
  public void close() {
    if (owner.isAlive()) {
      checkOwner();
    }
    if (!closed) {
      closed = true;
      onClose.run();
    }
  }

  private void completed(long token, @Nullable NativeException failure, long bytes) {
    int place = (first + count) % tokens.length;
    tokens[place] = token;
    failures[place] = failure;
    transferred[place] = bytes;
    count++;
  }

  private void checkRoom() {
    check();
    if (count == tokens.length) {
      throw new IllegalStateException("the queue is full: capacity=" + tokens.length);
    }
  }

  private void check() {
    checkOwner();
    if (closed) {
      throw new IllegalStateException("the queue is closed");
    }
  }

  private void checkOwner() {
    if (!Thread.currentThread().equals(owner)) {
      throw new IllegalStateException(
          "the queue belongs to another thread: owner=" + owner.getName());
    }
  }
}
