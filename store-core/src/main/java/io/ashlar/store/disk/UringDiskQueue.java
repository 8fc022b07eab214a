package io.ashlar.store.disk;

import io.ashlar.store.disk.RingOperation.Step;
import io.ashlar.uring.CompletionHandler;
import io.ashlar.uring.Errno;
import io.ashlar.uring.EventFd;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.Uring;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A queue with a ring of its own. Operations start at the next {@link #poll} or {@link #await} at
 * the latest, so that several share one system call.
 *
 * <p>The owner sleeps in the ring, on its completions and on an armed multishot poll of an eventfd,
 * which is signalled only while it sleeps. When the ring itself fails, every operation is delivered
 * with that failure, now and later; their memory may be in use until {@link #close()} has returned.
 */
final class UringDiskQueue implements DiskQueue {
  /** The ring token of the wake-up poll; operations have their index. */
  private static final long WAKE_TOKEN = -1;

  private static final long CLOSE_TIMEOUT_NS = 30_000_000_000L;

  private final WakeState wakeState = new WakeState();
  private final Uring ring;
  private final EventFd wake;
  private final DataFileHandle file;
  private final boolean buffered;
  private final Runnable onClose;
  private final RingOperation[] operations;
  private final int[] free;
  private int freeCount;
  private final CompletionHandler onRingCompletion = this::onRingCompletion;
  private @Nullable DiskCompletion handler;
  private int delivered;
  private @Nullable NativeException ringFailure;
  private boolean closed;

  UringDiskQueue(DataFileHandle file, int capacity, Runnable onClose, IntFunction<Uring> rings) {
    this.file = file;
    this.onClose = onClose;
    this.buffered = file.buffered();
    this.operations = new RingOperation[capacity];
    this.free = new int[capacity];
    this.freeCount = capacity;
    for (int i = 0; i < capacity; i++) {
      operations[i] = new RingOperation(buffered ? 1 : Disk.BLOCK_BYTES, "file=" + file.path());
      free[i] = capacity - 1 - i;
    }
    wake = EventFd.create();
    Uring opened = null;
    boolean done = false;
    try {
      // Twice as many completions fit as entries: room for the poll as well.
      opened = rings.apply(Math.min(capacity + 1, Uring.ENTRIES_MAX));
      opened.registerFiles(file.nativeFile().fd());
      ring = opened;
      armWakePoll();
      enter(0, 0); // a filter may let rings be made and not be entered
      NativeException refusal = ringFailure;
      if (refusal != null) {
        throw refusal;
      }
      done = true;
    } finally {
      if (!done) {
        if (opened != null) {
          opened.close();
        }
        wake.close();
      }
    }
  }

  @Override
  public void submitWrite(IoVectors sources, long offset, boolean durable, long token) {
    int index = take();
    operations[index].write(
        sources, offset, durable && !buffered ? Uring.RWF_DSYNC : 0, durable && buffered, token);
    prepare(index);
  }

  @Override
  public void submitRead(MemorySegment target, long bytes, long offset, long token) {
    requireNative(target);
    var _ = Objects.checkFromIndexSize(0, bytes, target.byteSize());
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("cannot read into a read-only segment");
    }
    int index = take();
    operations[index].read(target, bytes, offset, token);
    prepare(index);
  }

  @Override
  public int poll(DiskCompletion completionHandler) {
    check();
    enter(0, 0);
    return deliver(completionHandler);
  }

  @Override
  public int await(DiskCompletion completionHandler, long timeoutNs) {
    check();
    if (!wakeState.tryFallAsleep()) {
      return poll(completionHandler);
    }
    long start = System.nanoTime();
    int count;
    boolean over;
    do {
      long left = timeoutNs == Long.MAX_VALUE ? timeoutNs : timeoutNs - (System.nanoTime() - start);
      enter(1, Math.max(0, left));
      count = deliver(completionHandler);
      over = count > 0 || left <= 0 || wakeState.notified() || closed;
    } while (!over);
    wakeState.awake();
    return count;
  }

  @Override
  public void wakeUp() {
    if (wakeState.wake()) {
      wake.signal();
    }
  }

  @Override
  public int inFlight() {
    check();
    return operations.length - freeCount;
  }

  @Override
  public boolean failed() {
    ring.checkOwner();
    return ringFailure != null;
  }

  @Override
  public boolean isConcurrent() {
    return true;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    long start = System.nanoTime();
    DiskCompletion drop = (token, failure, bytes) -> {};
    while (!ring.isOrphaned() && inFlight() > 0 && System.nanoTime() - start < CLOSE_TIMEOUT_NS) {
      enter(1, CLOSE_TIMEOUT_NS);
      deliver(drop);
    }
    closed = true;
    boolean drained = false;
    try {
      ring.close();
      drained = true;
    } finally {
      if (!drained) {
        file.nativeFile().keepLock(); // L24
      }
      wake.close();
      for (RingOperation operation : operations) {
        operation.close();
      }
      onClose.run();
    }
  }

  private int take() {
    check();
    if (freeCount == 0) {
      throw new IllegalStateException("the queue is full: capacity=" + operations.length);
    }
    return free[--freeCount];
  }

  private void prepare(int index) {
    if (ringFailure == null && !operations[index].prepare(ring, index)) {
      enter(0, 0);
      if (ringFailure == null && !operations[index].prepare(ring, index)) {
        ringFailed(new IllegalStateException("no room for an operation after a submit"));
      }
    }
  }

  private void armWakePoll() {
    if (!ring.preparePollMultishot(wake.fd(), WAKE_TOKEN)) {
      enter(0, 0);
      if (ringFailure == null && !ring.preparePollMultishot(wake.fd(), WAKE_TOKEN)) {
        ringFailed(new IllegalStateException("no room for the wake-up poll after a submit"));
      }
    }
  }

  private void enter(int count, long timeoutNs) {
    if (ringFailure != null) {
      return;
    }
    try {
      ring.submitAndWait(count, timeoutNs);
    } catch (NativeException e) {
      ringFailed(e);
    }
  }

  /** Delivers everything that is complete; returns how much that is. */
  private int deliver(DiskCompletion completionHandler) {
    handler = completionHandler;
    delivered = 0;
    try {
      if (ringFailure == null) {
        reap();
      }
      if (ringFailure != null) {
        deliverFailure(ringFailure);
      }
      return delivered;
    } finally {
      handler = null;
    }
  }

  private void reap() {
    try {
      ring.reap(onRingCompletion, Integer.MAX_VALUE);
    } catch (IllegalStateException e) {
      if (!ring.poisoned()) {
        throw e;
      }
      ringFailed(e);
    }
  }

  private void onRingCompletion(long ringToken, int result, int flags) {
    if (ringToken == WAKE_TOKEN) {
      onWake(result, flags);
      return;
    }
    int index = (int) ringToken;
    if (operations[index].completed(result) == Step.AGAIN) {
      prepare(index);
    } else {
      finish(index);
    }
  }

  /**
   * A multishot poll reports each signal, whatever the counter is. The counter is drained only
   * before the poll is armed again, because that would report a counter other than 0 at once.
   */
  private void onWake(int result, int flags) {
    if (result < 0 && result != -Errno.EINTR && result != -Errno.EAGAIN) {
      ringFailed(new NativeException("poll", -result, "eventfd"));
    } else if ((flags & Uring.COMPLETION_MORE) == 0) {
      var _ = wake.drain();
      armWakePoll();
    }
  }

  private void finish(int index) {
    RingOperation operation = operations[index];
    long token = operation.token();
    NativeException failure = operation.failure();
    long bytes = operation.bytes();
    operation.free();
    free[freeCount++] = index;
    delivered++;
    DiskCompletion target = handler;
    if (target == null) {
      throw new IllegalStateException("completion outside poll and await");
    }
    target.onComplete(token, failure, bytes);
  }

  private void deliverFailure(NativeException failure) {
    // What the handler submits meanwhile is left for the next call: this one ends.
    int pending = operations.length - freeCount;
    for (int i = 0; i < operations.length && pending > 0; i++) {
      if (operations[i].active()) {
        operations[i].fail(failure);
        finish(i);
        pending--;
      }
    }
  }

  private void ringFailed(RuntimeException cause) {
    String reason = String.valueOf(cause.getMessage());
    ring.poison(reason);
    ringFailure =
        cause instanceof NativeException typed
            ? typed
            : new NativeException("io_uring", Errno.EIO, reason);
  }

  private static void requireNative(MemorySegment memory) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException("a disk takes native memory only: " + memory);
    }
  }

  private void check() {
    ring.checkOwner();
    if (closed) {
      throw new IllegalStateException("the queue is closed");
    }
  }
}
