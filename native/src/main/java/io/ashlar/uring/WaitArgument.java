package io.ashlar.uring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The extended argument of io_uring_enter(2): a time-out, and no signal mask.
 *
 * <p>{@code struct io_uring_getevents_arg}: sigmask (8 bytes), sigmask_sz (4), pad (4), ts (8).
 * After it comes the {@code struct __kernel_timespec} that ts points to: seconds (8), nanoseconds
 * (8).
 *
 * <p>Thread: the ring's owner.
 */
final class WaitArgument implements AutoCloseable {
  static final long BYTES = 24;
  static final long SIGMASK_SIZE_OFFSET = 8;
  static final long TIMESPEC_OFFSET = 16;

  private static final int SIGMASK_BYTES = 8;
  private static final long NS_PER_SECOND = 1_000_000_000;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment argument = arena.allocate(BYTES, 8);
  private final MemorySegment timespec = arena.allocate(16, 8);

  WaitArgument() {
    argument.set(ValueLayout.JAVA_INT, SIGMASK_SIZE_OFFSET, SIGMASK_BYTES);
    argument.set(ValueLayout.JAVA_LONG, TIMESPEC_OFFSET, timespec.address());
  }

  /** Sets the time-out, relative to the call, and returns the argument. */
  MemorySegment argument(long timeoutNs) {
    timespec.set(ValueLayout.JAVA_LONG, 0, timeoutNs / NS_PER_SECOND);
    timespec.set(ValueLayout.JAVA_LONG, 8, timeoutNs % NS_PER_SECOND);
    return argument;
  }

  @Override
  public void close() {
    arena.close();
  }
}
