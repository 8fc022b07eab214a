package io.ashlar.uring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A ring's kernel in memory that does each operation as a system call when it is entered, and posts
 * the call's result as its completion. For a ring whose owner only waits for what it has submitted.
 */
final class CallingKernel implements RingKernel {

  private final Arena arena = Arena.ofConfined();
  private final FileCalls calls;
  private final int submissionCount;
  private final int completionCount;
  private final MemorySegment submissionHead = arena.allocate(4, 4);
  private final MemorySegment submissionTail = arena.allocate(4, 4);
  private final MemorySegment submissionFlags = arena.allocate(4, 4);
  private final MemorySegment completionHead = arena.allocate(4, 4);
  private final MemorySegment completionTail = arena.allocate(4, 4);
  private final MemorySegment entries;
  private final MemorySegment completions;
  private int fd = -1;
  private boolean refusesRegister;
  private int refusal;

  CallingKernel(FileCalls calls, int entryCount) {
    this.calls = calls;
    submissionCount = Math.max(8, 2 * Integer.highestOneBit(entryCount));
    completionCount = 2 * submissionCount;
    entries = arena.allocate(submissionCount * SubmissionEntry.BYTES, 64);
    completions = arena.allocate(completionCount * RingMemory.COMPLETION_BYTES, 64);
  }

  /** Refuses to register files, or to be entered: what was submitted then stays in flight. */
  void refuse(boolean register, int errno) {
    refusesRegister = register;
    refusal = errno;
  }

  RingMemory memory() {
    return new RingMemory(
        submissionHead,
        submissionTail,
        submissionFlags,
        entries,
        completionHead,
        completionTail,
        completions);
  }

  @Override
  public int enter(int toSubmit, int completionsMin, int flags, MemorySegment argument, long size) {
    if (refusal != 0 && !refusesRegister) {
      return -refusal;
    }
    int head = submissionHead.get(ValueLayout.JAVA_INT, 0);
    int count = Math.min(toSubmit, submissionTail.get(ValueLayout.JAVA_INT, 0) - head);
    for (int i = 0; i < count; i++) {
      run((head + i & submissionCount - 1) * SubmissionEntry.BYTES);
    }
    submissionHead.set(ValueLayout.JAVA_INT, 0, head + count);
    int ready =
        completionTail.get(ValueLayout.JAVA_INT, 0) - completionHead.get(ValueLayout.JAVA_INT, 0);
    return count == 0 && ready < completionsMin ? -Errno.ETIME : count;
  }

  private void run(long entry) {
    long address = entries.get(ValueLayout.JAVA_LONG, entry + SubmissionEntry.ADDR_OFFSET);
    long offset = entries.get(ValueLayout.JAVA_LONG, entry + SubmissionEntry.OFF_OFFSET);
    int length = entries.get(ValueLayout.JAVA_INT, entry + SubmissionEntry.LEN_OFFSET);
    int flags = entries.get(ValueLayout.JAVA_INT, entry + SubmissionEntry.OPERATION_FLAGS_OFFSET);
    long userData = entries.get(ValueLayout.JAVA_LONG, entry + SubmissionEntry.USER_DATA_OFFSET);
    switch (entries.get(ValueLayout.JAVA_BYTE, entry + SubmissionEntry.OPCODE_OFFSET)) {
      case SubmissionEntry.OP_NOP -> post(userData, 0);
      case SubmissionEntry.OP_READ ->
          post(userData, (int) calls.pread(fd, memory(address, length), length, offset));
      case SubmissionEntry.OP_WRITEV -> {
        MemorySegment vectors = memory(address, length * LibcCalls.IOVEC_BYTES);
        post(userData, (int) calls.pwritev2(fd, vectors, length, offset, flags));
      }
      case SubmissionEntry.OP_FSYNC -> post(userData, calls.fdatasync(fd));
      case SubmissionEntry.OP_POLL_ADD -> {} // armed until it is cancelled
      case SubmissionEntry.OP_ASYNC_CANCEL -> {
        post(address, -Errno.ECANCELED);
        post(userData, 0);
      }
      default -> post(userData, -Errno.EINVAL);
    }
  }

  private static MemorySegment memory(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  private void post(long userData, int result) {
    int tail = completionTail.get(ValueLayout.JAVA_INT, 0);
    long start = (tail & completionCount - 1) * RingMemory.COMPLETION_BYTES;
    completions.set(ValueLayout.JAVA_LONG, start, userData);
    completions.set(ValueLayout.JAVA_INT, start + RingMemory.RESULT_OFFSET, result);
    completions.set(ValueLayout.JAVA_INT, start + RingMemory.COMPLETION_FLAGS_OFFSET, 0);
    completionTail.set(ValueLayout.JAVA_INT, 0, tail + 1);
  }

  @Override
  public int registerFiles(MemorySegment descriptors, int count) {
    if (refusal != 0 && refusesRegister) {
      return -refusal;
    }
    fd = descriptors.get(ValueLayout.JAVA_INT, 0);
    return 0;
  }

  @Override
  public void exit() {
    arena.close();
  }
}
