package io.ashlar.uring;

import io.ashlar.uring.OperationTable.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One io_uring: prepare operations, submit them, reap their completions.
 *
 * <pre>
 *            prepare…               submitAndWait                 reap
 *   FREE ──────────────▶ PREPARED ──────────────────▶ IN FLIGHT ─────▶ FREE (last completion)
 *
 *   OPEN ── a completion that is unknown, double or out of turn; an enter that fails for good
 *     │                                                                        │
 *   close                                                                      ▼
 *     ▼                                   close                            POISONED
 *   CLOSED ◀─────────────────────────────────────────────────────────────────  every other call
 * </pre>
 *
 * <p>Invariants. (1) An operation is counted from prepare until its last completion is reaped. The
 * count is never more than the completion ring holds. (2) The number of entries that the kernel
 * took is read from the ring's head, never inferred from the result of enter. So an EINTR or EBUSY
 * leaves no entry uncounted. (3) Every completion belongs to exactly one operation in flight, else
 * the ring is poisoned.
 *
 * <p>Thread: the platform thread that opened it, for every method; any other gets an {@link
 * IllegalStateException}. Memory: buffers stay the caller's, must be native and must not be freed
 * before the completion; the ring keeps them reachable. Allocates nothing after opening.
 *
 * <p>Sources: io_uring(7), io_uring_setup(2), io_uring_enter(2).
 */
public final class Uring implements AutoCloseable {
  /** Flag of a completion whose operation continues: a multishot poll that is still armed. */
  public static final int COMPLETION_MORE = 2;

  /** For {@link #prepareWritev}: the bytes written are durable when the operation completes. */
  public static final int RWF_DSYNC = 2;

  /** The most bytes that one operation moves ({@code MAX_RW_COUNT}). */
  public static final long TRANSFER_BYTES_MAX = 0x7ffff000L;

  /** The most entries of a ring. */
  public static final int ENTRIES_MAX = 4096;

  private static final int ENTRIES_MIN = 8;
  private static final long CLOSE_TIMEOUT_NS = 30_000_000_000L;

  private final Thread owner = Thread.currentThread();
  private final RingKernel kernel;
  private final RingMemory ring;
  private final OperationTable operations;
  private final StagedCompletions staged;
  private final WaitArgument waiting = new WaitArgument();
  private final RingEntrance entrance;
  private int fileCount;
  private @Nullable String poison;
  private boolean closed;

  Uring(RingKernel kernel, RingMemory ring) {
    this.kernel = kernel;
    this.ring = ring;
    this.operations = new OperationTable(ring.completionEntries());
    this.staged = new StagedCompletions(2 * ring.completionEntries());
    this.entrance = new RingEntrance(kernel, ring, operations, staged, waiting);
  }

  /**
   * Opens a ring that belongs to the calling thread.
   *
   * @param entries operations that can be prepared between two submits, 1 to {@link #ENTRIES_MAX};
   *     twice as many can be in flight.
   * @return the ring; the caller closes it.
   * @throws NativeException if the kernel refuses, see {@link UringSupport} for the reasons.
   * @throws IllegalStateException if there is no liburing, or on a virtual thread: the kernel ties
   *     the ring to the thread underneath.
   */
  public static Uring open(int entries) {
    if (entries < 1 || entries > ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "ring entries must be 1 to " + ENTRIES_MAX + ": entries=" + entries);
    }
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a ring cannot belong to a virtual thread");
    }
    NativeAccess.require();
    LibraryLoader.Outcome library = LibraryLoader.load();
    if (!library.loaded()) {
      throw new IllegalStateException("no liburing: " + library.reason());
    }
    LiburingKernel kernel = LiburingKernel.open(Math.max(ENTRIES_MIN, entries));
    return new Uring(kernel, kernel.memory());
  }

  /**
   * Registers descriptors; operations name them by their index here. Once per ring.
   *
   * @param descriptors open files; the kernel keeps its own reference to each.
   * @throws NativeException EMFILE, ENOMEM, EBADF, EBUSY from io_uring_register(2).
   */
  public void registerFiles(int... descriptors) {
    check();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment array = arena.allocateFrom(ValueLayout.JAVA_INT, descriptors);
      int result = kernel.registerFiles(array, descriptors.length);
      if (result < 0) {
        throw new NativeException("io_uring_register", -result, "files=" + descriptors.length);
      }
      fileCount = descriptors.length;
    }
  }

  /**
   * Prepares a read of {@code bytes} to the start of a target that may be longer.
   *
   * @param fileIndex the index of a registered file.
   * @param target native memory of {@code bytes} or more.
   * @param bytes bytes to read, at most {@link #TRANSFER_BYTES_MAX}.
   * @param offset the first byte in the file.
   * @param token comes back with the completion.
   * @return false, and nothing prepared, if the ring is full: submit and reap, then try again.
   */
  public boolean prepareRead(
      int fileIndex, MemorySegment target, long bytes, long offset, long token) {
    var _ = Objects.checkFromIndexSize(0, bytes, target.byteSize());
    checkFile(fileIndex);
    if (!target.isNative()) {
      throw new IllegalArgumentException("a ring takes native memory only: " + target);
    }
    if (bytes > TRANSFER_BYTES_MAX) {
      throw new IllegalArgumentException("too long for one operation: " + bytes);
    }
    return prepare(
        SubmissionEntry.OP_READ,
        SubmissionEntry.FLAG_FIXED_FILE,
        fileIndex,
        offset,
        target.address(),
        (int) bytes,
        0,
        Kind.ONCE,
        token,
        target);
  }

  /**
   * Prepares a gathered write; {@code sources} must stay untouched until it completes.
   *
   * @param fileIndex the index of a registered file.
   * @param sources the memory to write, in this order.
   * @param offset the first byte in the file.
   * @param rwFlags such as {@link #RWF_DSYNC}, or 0.
   * @param token comes back with the completion.
   * @return false, and nothing prepared, if the ring is full: submit and reap, then try again.
   */
  public boolean prepareWritev(
      int fileIndex, IoVectors sources, long offset, int rwFlags, long token) {
    checkFile(fileIndex);
    return prepare(
        SubmissionEntry.OP_WRITEV,
        SubmissionEntry.FLAG_FIXED_FILE,
        fileIndex,
        offset,
        sources.address(),
        sources.count(),
        rwFlags,
        Kind.ONCE,
        token,
        sources);
  }

  /**
   * Prepares an fdatasync. It does not wait for writes in flight: reap those first.
   *
   * @param fileIndex the index of a registered file.
   * @param token comes back with the completion.
   * @return false, and nothing prepared, if the ring is full: submit and reap, then try again.
   */
  public boolean prepareDataSync(int fileIndex, long token) {
    checkFile(fileIndex);
    return prepare(
        SubmissionEntry.OP_FSYNC,
        SubmissionEntry.FLAG_FIXED_FILE,
        fileIndex,
        0,
        0,
        0,
        SubmissionEntry.FSYNC_DATASYNC,
        Kind.ONCE,
        token,
        null);
  }

  /**
   * Prepares an operation that does nothing.
   *
   * @param token comes back with the completion.
   * @return false, and nothing prepared, if the ring is full: submit and reap, then try again.
   */
  public boolean prepareNop(long token) {
    return prepare(SubmissionEntry.OP_NOP, 0, -1, 0, 0, 0, 0, Kind.ONCE, token, null);
  }

  /**
   * Prepares a poll that completes whenever the descriptor becomes readable, with {@link
   * #COMPLETION_MORE} while it stays armed. {@link #close()} takes it back.
   *
   * @param fd a descriptor, not the index of a registered file.
   * @param token comes back with each completion.
   * @return false, and nothing prepared, if the ring is full: submit and reap, then try again.
   */
  public boolean preparePollMultishot(int fd, long token) {
    return prepare(
        SubmissionEntry.OP_POLL_ADD,
        0,
        fd,
        0,
        0,
        SubmissionEntry.POLL_ADD_MULTI,
        SubmissionEntry.POLLIN,
        Kind.MULTISHOT,
        token,
        null);
  }

  /**
   * Hands everything prepared to the kernel, then waits for completions.
   *
   * @param count completions to wait for, those ready included. A count above the operations in
   *     flight waits for all of them; 0 only submits.
   * @param timeoutNs nanoseconds, 0 or more; {@link Long#MAX_VALUE} waits without end. With 0, or a
   *     count of 0, this asks the kernel for its ready completions and returns.
   * @return completions ready to reap; fewer than {@code count} after the time-out.
   * @throws NativeException EAGAIN or EBUSY if the kernel kept refusing for seconds; prepared
   *     operations stay prepared. Any other errno poisons the ring.
   */
  public int submitAndWait(int count, long timeoutNs) {
    check();
    try {
      return entrance.submitAndWait(Math.min(count, operations.used()), timeoutNs);
    } catch (NativeException failure) {
      throw poisonedUnlessBusy(failure);
    }
  }

  /**
   * Delivers completions that are ready, without a system call.
   *
   * @param handler receives each completion on this thread.
   * @param limit the most to deliver.
   * @return completions delivered.
   * @throws IllegalStateException if a completion is unknown or comes twice; the ring is poisoned.
   */
  public int reap(CompletionHandler handler, int limit) {
    check();
    int delivered = 0;
    while (delivered < limit) {
      long userData;
      int result;
      int flags;
      if (!staged.isEmpty()) {
        userData = staged.userData();
        result = staged.result();
        flags = staged.flags();
        staged.consume();
      } else if (ring.completionsReady() > 0) {
        userData = ring.userData();
        result = ring.result();
        flags = ring.completionFlags();
        ring.consumeCompletion();
      } else {
        break;
      }
      delivered += deliver(handler, userData, result, flags);
    }
    return delivered;
  }

  /**
   * Poisons the ring: every later call except {@link #close()} throws, and prepared operations are
   * never submitted. For an owner who can no longer tell what became of its operations.
   *
   * @param reason the message of later calls; the first poisoning's reason stays.
   */
  public void poison(String reason) {
    checkOwner();
    if (poison == null) {
      poison = reason;
    }
  }

  /** {@return whether the ring was given up, by itself or by its owner} */
  public boolean poisoned() {
    checkOwner();
    return poison != null;
  }

  /**
   * Submits the prepared operations, cancels polls, waits for every operation and frees the ring;
   * completions are dropped. A poisoned ring drops the prepared operations instead. Idempotent.
   *
   * <p>Once the owner has ended, any thread may close the ring. No thread can wait for its
   * operations then, so none may be in flight but polls.
   *
   * @throws IllegalStateException if operations are still in flight after 30 seconds, or on a wrong
   *     thread. In the first case the ring is gone all the same, and the memory of those operations
   *     must never be used for anything else.
   */
  @Override
  public void close() {
    close(CLOSE_TIMEOUT_NS);
  }

  void close(long timeoutNs) {
    if (isOrphaned()) {
      closed = true;
      kernel.exit();
      return;
    }
    checkOwner();
    if (closed) {
      return;
    }
    closed = true;
    if (poison != null) {
      RingDrain.dropPrepared(ring, operations);
    }
    boolean drained = new RingDrain(kernel, ring, operations, waiting).run(staged, timeoutNs);
    kernel.exit();
    waiting.close();
    if (!drained) {
      throw new IllegalStateException(
          "ring closed with operations in flight: count=" + operations.used());
    }
  }

  private boolean prepare(
      int opcode,
      int flags,
      int fd,
      long offset,
      long address,
      int length,
      int operationFlags,
      Kind kind,
      long token,
      @Nullable Object kept) {
    check();
    if (operations.isFull() || ring.submissionFull()) {
      return false;
    }
    long userData = operations.take(kind, token, kept);
    SubmissionEntry.fill(
        ring.entries(),
        ring.nextEntry(),
        opcode,
        flags,
        fd,
        offset,
        address,
        length,
        operationFlags,
        userData);
    ring.publishEntry();
    return true;
  }

  private int deliver(CompletionHandler handler, long userData, int result, int flags) {
    int slot = operations.find(userData);
    boolean more = (flags & COMPLETION_MORE) != 0;
    if (slot == OperationTable.NOT_FOUND || (more && operations.kind(slot) != Kind.MULTISHOT)) {
      throw poisoned(
          new IllegalStateException(
              "completion of no operation in flight: user_data="
                  + Long.toHexString(userData)
                  + ", result="
                  + result));
    }
    long token = operations.token(slot);
    if (!more) {
      operations.release(slot);
    }
    handler.onCompletion(token, result, flags);
    return 1;
  }

  private NativeException poisonedUnlessBusy(NativeException failure) {
    boolean busy = failure.errno() == Errno.EAGAIN || failure.errno() == Errno.EBUSY;
    return busy ? failure : poisoned(failure);
  }

  private <E extends RuntimeException> E poisoned(E cause) {
    poison = String.valueOf(cause.getMessage());
    return cause;
  }

  private void check() {
    checkOwner();
    if (closed) {
      throw new IllegalStateException("the ring is closed");
    }
    if (poison != null) {
      throw new IllegalStateException("the ring is poisoned: " + poison);
    }
  }

  /** {@return whether the owner has ended} The ring can then only be closed. Thread: any. */
  public boolean isOrphaned() {
    return !owner.isAlive();
  }

  /**
   * Checks that the calling thread owns the ring.
   *
   * @throws IllegalStateException if not.
   */
  public void checkOwner() {
    if (!Thread.currentThread().equals(owner)) {
      throw new IllegalStateException(
          "the ring belongs to another thread: owner=" + owner.getName());
    }
  }

  private void checkFile(int fileIndex) {
    if (fileIndex < 0 || fileIndex >= fileCount) {
      throw new IllegalArgumentException(
          "no such registered file: index=" + fileIndex + ", count=" + fileCount);
    }
  }
}
