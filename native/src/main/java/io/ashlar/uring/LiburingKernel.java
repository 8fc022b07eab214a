package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.ashlar.uring.liburing.Liburing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.ref.Reference;

/**
 * A ring of the running kernel, set up and entered through liburing.
 *
 * <p>Only to be touched after {@link LibraryLoader} has found a library. Thread: the one that set
 * it up, a platform thread. Memory: the mapped rings are views of an arena that {@link #exit()}
 * closes before it unmaps them, so a late access throws instead of crashing.
 *
 * <p>The structures of liburing are read at the offsets below, which the ABI test compares with the
 * C compiler's. Of {@code struct io_uring} these are its size and {@code ring_fd}, of its parts
 * {@code sq} and {@code cq} the fields of the same name, and of {@code struct io_uring_params} the
 * size, {@code flags} and {@code features}.
 */
final class LiburingKernel implements RingKernel {
  static final long RING_BYTES = 216;
  static final long RING_FD_OFFSET = 196;
  static final long SQ_KHEAD_OFFSET = 0;
  static final long SQ_KTAIL_OFFSET = 8;
  static final long SQ_KRING_ENTRIES_OFFSET = 24;
  static final long SQ_KFLAGS_OFFSET = 32;
  static final long SQ_ARRAY_OFFSET = 48;
  static final long SQ_SQES_OFFSET = 56;
  static final long CQ_OFFSET = 104;
  static final long CQ_KHEAD_OFFSET = 0;
  static final long CQ_KTAIL_OFFSET = 8;
  static final long CQ_KRING_ENTRIES_OFFSET = 24;
  static final long CQ_CQES_OFFSET = 48;
  static final long PARAMS_BYTES = 120;
  static final long PARAMS_FLAGS_OFFSET = 8;
  static final long PARAMS_FEATURES_OFFSET = 20;

  private static final int SETUP_NO_SQARRAY = 1 << 16;
  private static final SymbolLookup LOOKUP =
      SymbolLookup.libraryLookup(LibraryLoader.SONAME, Arena.global());
  private static final MemorySegment QUEUE_INIT_PARAMS = function("io_uring_queue_init_params");
  private static final MemorySegment QUEUE_EXIT = function("io_uring_queue_exit");
  private static final MemorySegment ENTER2 = function("io_uring_enter2");
  private static final MemorySegment REGISTER_FILES = function("io_uring_register_files");

  private final Arena arena = Arena.ofShared();
  private final MemorySegment ring = arena.allocate(RING_BYTES, Long.BYTES);
  private final RingMemory memory;
  private final int ringFd;

  private LiburingKernel(int entries) {
    boolean done = false;
    try {
      MemorySegment params = arena.allocate(PARAMS_BYTES, Long.BYTES);
      // Completion work runs only when the owner enters, and no thread is interrupted for it.
      params.set(
          JAVA_INT,
          PARAMS_FLAGS_OFFSET,
          Liburing.IORING_SETUP_SINGLE_ISSUER()
              | Liburing.IORING_SETUP_DEFER_TASKRUN()
              | Liburing.IORING_SETUP_COOP_TASKRUN()
              | Liburing.IORING_SETUP_TASKRUN_FLAG()
              | Liburing.IORING_SETUP_SUBMIT_ALL()
              | Liburing.IORING_SETUP_CLAMP());
      int result =
          (int)
              Downcalls.plain(
                  QUEUE_INIT_PARAMS, entries, ring.address(), params.address(), 0, 0, 0);
      if (result < 0) {
        throw new NativeException("io_uring_setup", -result, "entries=" + entries);
      }
      done = hasFeatures(params.get(JAVA_INT, PARAMS_FEATURES_OFFSET));
      if (!done) {
        exit(ring);
        throw new NativeException(
            "io_uring_setup",
            Errno.ENOSYS,
            "the kernel lacks IORING_FEAT_NODROP or IORING_FEAT_EXT_ARG");
      }
      memory = map(params.get(JAVA_INT, PARAMS_FLAGS_OFFSET));
      ringFd = ring.get(JAVA_INT, RING_FD_OFFSET);
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
    try {
      return (int)
          Downcalls.plain(
              ENTER2, ringFd, toSubmit, completionsMin, flags, argument.address(), argumentBytes);
    } finally {
      Reference.reachabilityFence(argument);
    }
  }

  @Override
  public int registerFiles(MemorySegment descriptors, int count) {
    try {
      return (int)
          Downcalls.plain(REGISTER_FILES, ring.address(), descriptors.address(), count, 0, 0, 0);
    } finally {
      Reference.reachabilityFence(descriptors);
    }
  }

  @Override
  public void exit() {
    if (!arena.scope().isAlive()) {
      return;
    }
    try (Arena copyArena = Arena.ofConfined()) {
      MemorySegment copy = copyArena.allocate(RING_BYTES, Long.BYTES);
      copy.copyFrom(ring);
      arena.close();
      exit(copy);
    }
  }

  private static boolean hasFeatures(int features) {
    int needed = Liburing.IORING_FEAT_NODROP() | Liburing.IORING_FEAT_EXT_ARG();
    return (features & needed) == needed;
  }

  private RingMemory map(int setupFlags) {
    int submissionEntries = counter(SQ_KRING_ENTRIES_OFFSET).get(JAVA_INT, 0);
    int completionEntries = counter(CQ_OFFSET + CQ_KRING_ENTRIES_OFFSET).get(JAVA_INT, 0);
    // Liburing 2.3 fills the index array at each submit, later ones at set-up or not at all: place
    // i of the ring always holds entry i here.
    if ((setupFlags & SETUP_NO_SQARRAY) == 0 && ring.get(JAVA_LONG, SQ_ARRAY_OFFSET) != 0) {
      MemorySegment array = view(SQ_ARRAY_OFFSET, 4L * submissionEntries);
      for (int i = 0; i < submissionEntries; i++) {
        array.setAtIndex(JAVA_INT, i, i);
      }
    }
    return new RingMemory(
        counter(SQ_KHEAD_OFFSET),
        counter(SQ_KTAIL_OFFSET),
        counter(SQ_KFLAGS_OFFSET),
        view(SQ_SQES_OFFSET, submissionEntries * SubmissionEntry.BYTES),
        counter(CQ_OFFSET + CQ_KHEAD_OFFSET),
        counter(CQ_OFFSET + CQ_KTAIL_OFFSET),
        view(CQ_OFFSET + CQ_CQES_OFFSET, completionEntries * RingMemory.COMPLETION_BYTES));
  }

  private static void exit(MemorySegment ring) {
    long _ = Downcalls.plain(QUEUE_EXIT, ring.address(), 0, 0, 0, 0, 0);
  }

  private static MemorySegment function(String name) {
    MemorySegment found = LOOKUP.find(name).orElse(null);
    if (found == null) {
      throw new UnsatisfiedLinkError("liburing has no " + name);
    }
    return found;
  }

  private MemorySegment counter(long pointerOffset) {
    return view(pointerOffset, 4);
  }

  /** Returns the memory that a pointer in the ring's structure points to. */
  private MemorySegment view(long pointerOffset, long bytes) {
    return MemorySegment.ofAddress(ring.get(JAVA_LONG, pointerOffset))
        .reinterpret(bytes, arena, null);
  }
}
