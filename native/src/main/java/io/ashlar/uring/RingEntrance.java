package io.ashlar.uring;

import java.lang.foreign.MemorySegment;

/**
 * Entering the kernel until it has taken what was prepared, and until enough has completed.
 *
 * <p>EINTR is retried. At EAGAIN and EBUSY it first takes the waiting completions, or waits for
 * one, because completions hold the resource that the kernel lacks. How many entries the kernel
 * took is read from the ring, whatever enter returned.
 *
 * <p>Thread: the ring's owner. Allocates nothing.
 */
final class RingEntrance {
  private static final long WAIT_FOR_ROOM_NS = 10_000_000;

  private final RingKernel kernel;
  private final RingMemory ring;
  private final OperationTable operations;
  private final StagedCompletions staged;
  private final WaitArgument waiting;

  RingEntrance(
      RingKernel kernel,
      RingMemory ring,
      OperationTable operations,
      StagedCompletions staged,
      WaitArgument waiting) {
    this.kernel = kernel;
    this.ring = ring;
    this.operations = operations;
    this.staged = staged;
    this.waiting = waiting;
  }

  /** Submits, then waits until {@code wanted} completions are ready or the time is over. */
  int submitAndWait(int wanted, long timeoutNs) {
    if (timeoutNs <= 0 || wanted <= 0) {
      if (submit() == 0 && ring.kernelHasWork()) {
        enter(0, 0, 0);
      }
      return ready();
    }
    long start = System.nanoTime();
    int attempts = 0;
    while (ready() < wanted || ring.unsubmitted() > 0) {
      long left = timeoutNs == Long.MAX_VALUE ? timeoutNs : timeoutNs - (System.nanoTime() - start);
      if (left > 0) {
        // The kernel counts what waits in its ring, not what was taken out of it.
        attempts = enter(Math.max(0, wanted - staged.count()), left, attempts);
      } else if (ring.unsubmitted() > 0) {
        attempts = enter(0, 0, attempts);
      } else {
        break;
      }
    }
    return ready();
  }

  /** Submits everything prepared; returns how much that was. */
  private int submit() {
    int prepared = ring.unsubmitted();
    int attempts = 0;
    while (ring.unsubmitted() > 0) {
      attempts = enter(0, 0, attempts);
    }
    return prepared;
  }

  private int ready() {
    return staged.count() + ring.completionsReady();
  }

  /** Enters once; returns the attempts in a row that made no progress. */
  private int enter(int completionsMin, long timeoutNs, int attempts) {
    int before = ring.unsubmitted();
    boolean timed = completionsMin > 0 && timeoutNs != Long.MAX_VALUE;
    int flags = RingKernel.ENTER_GETEVENTS | (timed ? RingKernel.ENTER_EXT_ARG : 0);
    MemorySegment argument = timed ? waiting.argument(timeoutNs) : MemorySegment.NULL;
    int result =
        kernel.enter(before, completionsMin, flags, argument, timed ? WaitArgument.BYTES : 0);
    boolean progress = ring.unsubmitted() < before || (before == 0 && result >= 0);
    if (progress) {
      return 0;
    }
    if (result == -Errno.EINTR || result == -Errno.ETIME) {
      return attempts;
    }
    if (result == 0 || result == -Errno.EAGAIN || result == -Errno.EBUSY) {
      makeRoom(attempts, result == 0 ? Errno.EAGAIN : -result);
      return attempts + 1;
    }
    throw new NativeException("io_uring_enter", Math.abs(result), "unsubmitted=" + before);
  }

  /** The kernel is short of something that completions give back: takes those, or waits for one. */
  private void makeRoom(int attempts, int errno) {
    if (staged.takeAll(ring) > 0) {
      return;
    }
    // An armed poll does not count: it may complete never, and gives nothing back when it does.
    boolean someInKernel =
        operations.used() - operations.polls() - staged.count() > ring.unsubmitted();
    if (someInKernel && staged.hasRoom()) {
      // Whatever this returns: what counts is whether a completion came.
      kernel.enter(
          0,
          1,
          RingKernel.ENTER_GETEVENTS | RingKernel.ENTER_EXT_ARG,
          waiting.argument(WAIT_FOR_ROOM_NS),
          WaitArgument.BYTES);
      if (staged.takeAll(ring) > 0) {
        return;
      }
    }
    if (!Backoff.before(attempts)) {
      throw new NativeException("io_uring_enter", errno, "unsubmitted=" + ring.unsubmitted());
    }
  }
}
