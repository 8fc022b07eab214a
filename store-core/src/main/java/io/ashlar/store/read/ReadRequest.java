package io.ashlar.store.read;

import io.ashlar.store.spi.Uninterrupted;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One read of blocks on its way through a {@link ReadEngine}, used again and again.
 *
 * <pre>
 *   idle ── prepare… ──▶ under way ── complete (the engine's thread) ──▶ done ── by its owner ──▶ idle
 * </pre>
 *
 * <p>Thread: its owner's, and the engine's from {@code submit} to {@link #complete}. Memory: that
 * of the target stays untouched, and mapped, from {@code submit} to {@link #complete}.
 */
final class ReadRequest {

  /** Told, on the engine's thread, that a request is done; must be short and must not throw. */
  @FunctionalInterface
  interface Completion {
    void onDone(ReadRequest request);
  }

  /** The failure of a read that was given up. Made ahead, since there may be no heap by then. */
  @SuppressWarnings("StaticAssignmentOfThrowable")
  static final NativeException GIVEN_UP =
      new NativeException("pread", Errno.ENOMEM, "the read was abandoned");

  private static final VarHandle DONE;

  static {
    try {
      DONE = MethodHandles.lookup().findVarHandle(ReadRequest.class, "done", boolean.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  private final @Nullable Completion completion;
  private final BooleanSupplier isDone = this::isDone; // made here: await needs no heap
  private MemorySegment target = MemorySegment.NULL;
  private long bytes;
  private long offset;
  private @Nullable Thread waiter;
  private @Nullable NativeException failure; // published by done
  private long bytesRead; // published by done

  @SuppressWarnings("unused") // through DONE: written by the engine's thread, read by the waiter
  private boolean done;

  /** Creates one whose owner waits for it. */
  ReadRequest() {
    completion = null;
  }

  /** Creates one whose completion is called. */
  ReadRequest(Completion completion) {
    this.completion = completion;
  }

  /**
   * Prepares for a read to the start of a target.
   *
   * @param newBytes a multiple of 4 KiB, as are the offset and the target's address.
   */
  void prepare(MemorySegment newTarget, long newBytes, long newOffset) {
    target = newTarget;
    bytes = newBytes;
    offset = newOffset;
    failure = null;
    bytesRead = 0;
    waiter = completion == null ? Thread.currentThread() : null;
    DONE.setOpaque(this, false);
  }

  MemorySegment target() {
    return target;
  }

  long bytes() {
    return bytes;
  }

  long offset() {
    return offset;
  }

  /** Ends the read. Thread: the engine's. */
  void complete(@Nullable NativeException newFailure, long newBytesRead) {
    target = MemorySegment.NULL;
    failure = newFailure;
    bytesRead = newBytesRead;
    Thread thread = waiter;
    Completion told = completion;
    DONE.setRelease(this, true); // from here on it may be prepared again
    if (told != null) {
      told.onDone(this);
    } else {
      LockSupport.unpark(thread);
    }
  }

  private boolean isDone() {
    return (boolean) DONE.getAcquire(this);
  }

  /** Waits until it is done, however often the thread is interrupted. */
  void await() {
    Uninterrupted.parkUntil(this, isDone);
  }

  /** Returns why a read that is done failed, or null. */
  @Nullable NativeException failure() {
    return failure;
  }

  /** Returns how much was read: less than asked for only at the end of the file. */
  long bytesRead() {
    return bytesRead;
  }
}
