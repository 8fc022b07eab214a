package io.ashlar.uring;

import io.ashlar.uring.libc.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A kernel counter by which any thread wakes one that sleeps in a ring.
 *
 * <p>Thread: {@link #signal()} from any, the rest from the owner. Allocates nothing after creation.
 * Source: eventfd(2), non-blocking and close-on-exec.
 */
public final class EventFd implements AutoCloseable {
  private static final MemorySegment ONE = Arena.global().allocate(8, 8);

  static {
    ONE.set(ValueLayout.JAVA_LONG, 0, 1);
  }

  private final Descriptor descriptor;
  private final MemorySegment counter = Arena.ofAuto().allocate(8, 8);

  private EventFd(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Creates a counter at zero.
   *
   * @throws NativeException EMFILE, ENFILE, ENOMEM from eventfd(2).
   */
  public static EventFd create() {
    NativeAccess.require();
    int fd = LibcCalls.eventfd(0, Libc.EFD_CLOEXEC() | Libc.EFD_NONBLOCK());
    if (fd < 0) {
      throw new NativeException("eventfd", -fd, "");
    }
    return new EventFd(new Descriptor(fd, "eventfd"));
  }

  /** Makes the counter readable, which wakes its poller. No effect after {@link #close()}. */
  public void signal() {
    if (descriptor.tryAcquire()) {
      try {
        long result;
        do {
          result = LibcCalls.signal(descriptor.number(), ONE);
        } while (result == -Errno.EINTR);
        // EAGAIN says that the counter is full: it is readable already.
        assert result == Long.BYTES || result == -Errno.EAGAIN : result;
      } finally {
        descriptor.release();
      }
    }
  }

  /** Sets the counter to zero; returns whether it was signalled since the last time. */
  public boolean drain() {
    int fd = descriptor.acquire();
    try {
      long result;
      do {
        result = LibcCalls.read(fd, counter);
      } while (result == -Errno.EINTR);
      if (result < 0 && result != -Errno.EAGAIN) {
        throw new NativeException("read", (int) -result, descriptor.subject());
      }
      return result > 0;
    } finally {
      descriptor.release();
    }
  }

  /** Returns the descriptor's number, for {@link Uring#preparePollMultishot}. */
  public int fd() {
    int fd = descriptor.acquire();
    descriptor.release();
    return fd;
  }

  /** Closes the counter once running calls have returned; idempotent. */
  @Override
  public void close() {
    descriptor.close();
  }
}
