package io.ashlar.uring;

import io.ashlar.uring.liburing.Liburing;
import io.ashlar.uring.liburing.io_uring;
import io.ashlar.uring.liburing.io_uring_cq;
import io.ashlar.uring.liburing.io_uring_params;
import io.ashlar.uring.liburing.io_uring_sq;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A ring of the running kernel, set up and entered through liburing.
 *
 * <p>Only to be touched after {@link LibraryLoader} has found a library. Thread: the one that set
 * it up, a platform thread. Memory: the mapped rings are views of an arena that {@link #exit()}
 * closes before it unmaps them, so a late access throws instead of crashing.
 */
final class LiburingKernel implements RingKernel {
  private static final int SETUP_NO_SQARRAY = 1 << 16;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment ring = io_uring.allocate(arena);
  private final RingMemory memory;
  private final int ringFd;

  private LiburingKernel(int entries) {
    boolean done = false;
    try {
      MemorySegment params = io_uring_params.allocate(arena);
      // Completion work runs only when the owner enters, and no thread is interrupted for it.
      io_uring_params.flags(
          params,
          Liburing.IORING_SETUP_SINGLE_ISSUER()
              | Liburing.IORING_SETUP_DEFER_TASKRUN()
              | Liburing.IORING_SETUP_COOP_TASKRUN()
              | Liburing.IORING_SETUP_TASKRUN_FLAG()
              | Liburing.IORING_SETUP_SUBMIT_ALL()
              | Liburing.IORING_SETUP_CLAMP());
      int result = Liburing.io_uring_queue_init_params(entries, ring, params);
      if (result < 0) {
        throw new NativeException("io_uring_setup", -result, "entries=" + entries);
      }
      done = hasFeatures(io_uring_params.features(params));
      if (!done) {
        Liburing.io_uring_queue_exit(ring);
        throw new NativeException(
            "io_uring_setup",
            Errno.ENOSYS,
            "the kernel lacks IORING_FEAT_NODROP or IORING_FEAT_EXT_ARG");
      }
      memory = map(io_uring_params.flags(params));
      ringFd = io_uring.ring_fd(ring);
    } finally {
      if (!done) {
        arena.close();
      }
    }
  }

  /**
   * Sets up a ring for the calling thread.
   *
   * @throws NativeException EPERM, ENOSYS, ENOMEM, EMFILE, EINVAL from io_uring_setup(2).
   */
  static LiburingKernel open(int entries) {
    return new LiburingKernel(entries);
  }

  RingMemory memory() {
    return memory;
  }

  @Override
  public int enter(
      int toSubmit, int completionsMin, int flags, MemorySegment argument, long argumentBytes) {
    return Liburing.io_uring_enter2(
        ringFd, toSubmit, completionsMin, flags, argument, argumentBytes);
  }

  @Override
  public int registerFiles(MemorySegment descriptors, int count) {
    return Liburing.io_uring_register_files(ring, descriptors, count);
  }

  @Override
  public void exit() {
    if (!arena.scope().isAlive()) {
      return;
    }
    try (Arena copyArena = Arena.ofConfined()) {
      MemorySegment copy = io_uring.allocate(copyArena);
      copy.copyFrom(ring);
      arena.close();
      Liburing.io_uring_queue_exit(copy);
    }
  }

  private static boolean hasFeatures(int features) {
    int needed = Liburing.IORING_FEAT_NODROP() | Liburing.IORING_FEAT_EXT_ARG();
    return (features & needed) == needed;
  }

  private RingMemory map(int setupFlags) {
    MemorySegment sq = io_uring.sq(ring);
    MemorySegment cq = io_uring.cq(ring);
    int submissionEntries = counter(io_uring_sq.kring_entries(sq)).get(ValueLayout.JAVA_INT, 0);
    int completionEntries = counter(io_uring_cq.kring_entries(cq)).get(ValueLayout.JAVA_INT, 0);
    // Liburing 2.3 fills the index array at each submit, later ones at set-up or not at all: place
    // i
    // of the ring always holds entry i here.
    if ((setupFlags & SETUP_NO_SQARRAY) == 0 && io_uring_sq.array(sq).address() != 0) {
      MemorySegment array = view(io_uring_sq.array(sq), 4L * submissionEntries);
      for (int i = 0; i < submissionEntries; i++) {
        array.setAtIndex(ValueLayout.JAVA_INT, i, i);
      }
    }
    return new RingMemory(
        counter(io_uring_sq.khead(sq)),
        counter(io_uring_sq.ktail(sq)),
        counter(io_uring_sq.kflags(sq)),
        view(io_uring_sq.sqes(sq), submissionEntries * SubmissionEntry.BYTES),
        counter(io_uring_cq.khead(cq)),
        counter(io_uring_cq.ktail(cq)),
        view(io_uring_cq.cqes(cq), completionEntries * RingMemory.COMPLETION_BYTES));
  }

  private MemorySegment counter(MemorySegment pointer) {
    return view(pointer, 4);
  }

  private MemorySegment view(MemorySegment pointer, long bytes) {
    return MemorySegment.ofAddress(pointer.address()).reinterpret(bytes, arena, null);
  }
}
