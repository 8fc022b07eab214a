package io.ashlar.uring;

import io.ashlar.uring.OperationTable.Kind;

/**
 * Ends a ring: cancels polls, submits the remaining operations and waits until none is in flight.
 *
 * <p>Completions are dropped; one that is unknown is ignored, because this also ends a poisoned
 * ring. Thread: the ring's owner.
 */
final class RingDrain {
  private static final long WAIT_NS = 100_000_000;

  private final RingKernel kernel;
  private final RingMemory ring;
  private final OperationTable operations;
  private final WaitArgument waiting;
  private int nextToCancel;

  RingDrain(RingKernel kernel, RingMemory ring, OperationTable operations, WaitArgument waiting) {
    this.kernel = kernel;
    this.ring = ring;
    this.operations = operations;
    this.waiting = waiting;
  }

  /** Forgets the operations that the kernel has not seen. */
  static void dropPrepared(RingMemory ring, OperationTable operations) {
    while (ring.unsubmitted() > 0) {
      int slot = operations.find(ring.retractEntry());
      if (slot != OperationTable.NOT_FOUND) {
        operations.release(slot);
      }
    }
  }

  /** Returns whether nothing is in flight any more. */
  boolean run(StagedCompletions staged, long timeoutNs) {
    for (; !staged.isEmpty(); staged.consume()) {
      drop(staged.userData(), staged.flags());
    }
    long start = System.nanoTime();
    int failures = 0;
    while (true) {
      for (; ring.completionsReady() > 0; ring.consumeCompletion()) {
        drop(ring.userData(), ring.completionFlags());
      }
      cancelPolls();
      if (operations.used() == 0) {
        return true;
      }
      long left = timeoutNs - (System.nanoTime() - start);
      if (left <= 0) {
        return false;
      }
      int result =
          kernel.enter(
              ring.unsubmitted(),
              1,
              RingKernel.ENTER_GETEVENTS | RingKernel.ENTER_EXT_ARG,
              waiting.argument(Math.min(left, WAIT_NS)),
              WaitArgument.BYTES);
      if (result == -Errno.EAGAIN || result == -Errno.EBUSY) {
        if (!Backoff.before(failures++)) {
          return false;
        }
      } else if (result < 0 && result != -Errno.EINTR && result != -Errno.ETIME) {
        return false;
      }
    }
  }

  private void drop(long userData, int flags) {
    int slot = operations.find(userData);
    if (slot != OperationTable.NOT_FOUND && (flags & Uring.COMPLETION_MORE) == 0) {
      operations.release(slot);
    }
  }

  private void cancelPolls() {
    while (nextToCancel < operations.capacity()) {
      if (operations.kind(nextToCancel) == Kind.MULTISHOT) {
        if (operations.isFull() || ring.submissionFull()) {
          return;
        }
        SubmissionEntry.fill(
            ring.entries(),
            ring.nextEntry(),
            SubmissionEntry.OP_ASYNC_CANCEL,
            0,
            -1,
            0,
            operations.userData(nextToCancel),
            0,
            0,
            operations.take(Kind.INTERNAL, 0, null));
        ring.publishEntry();
      }
      nextToCancel++;
    }
  }
}
