package io.ashlar.uring;

import java.lang.foreign.MemorySegment;

/**
 * A ring's calls of the kernel; the seam at which a test injects rare faults of the kernel.
 *
 * <p>Thread: the ring's owner. Every method but {@link #exit()} returns the negated errno on
 * failure.
 */
interface RingKernel {
  int ENTER_GETEVENTS = 1;
  int ENTER_EXT_ARG = 8;

  /**
   * Submits entries and waits, as io_uring_enter(2).
   *
   * @param argument an io_uring_getevents_arg with {@link #ENTER_EXT_ARG}, else NULL.
   * @return entries consumed, or the negated errno.
   */
  int enter(
      int toSubmit, int completionsMin, int flags, MemorySegment argument, long argumentBytes);

  /** Registers descriptors, an array of 32-bit integers, as fixed files. */
  int registerFiles(MemorySegment descriptors, int count);

  /** Unmaps and closes the ring; {@link RingMemory} must not be used afterwards. */
  void exit();
}
