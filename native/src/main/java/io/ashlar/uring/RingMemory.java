package io.ashlar.uring;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The two mapped rings: heads, tails, submission entries and completion entries.
 *
 * <p>The owner writes the submission tail and the completion head (release), the kernel the
 * submission head and the completion tail (read here with acquire). Positions are 32-bit counters
 * that wrap; an entry's place is its position masked by the ring's size, a power of two.
 *
 * <p>A completion entry, {@code struct io_uring_cqe}, is {@code user_data} (8 bytes), {@code res}
 * (4) and {@code flags} (4). Source: io_uring(7).
 *
 * <p>Thread: the ring's owner.
 */
final class RingMemory {
  static final long COMPLETION_BYTES = 16;
  static final long RESULT_OFFSET = 8;
  static final long COMPLETION_FLAGS_OFFSET = 12;

  static final int SQ_CQ_OVERFLOW = 2;
  static final int SQ_TASKRUN = 4;
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private final MemorySegment submissionHead;
  private final MemorySegment submissionTail;
  private final MemorySegment submissionFlags;
  private final MemorySegment entries;
  private final MemorySegment completionHead;
  private final MemorySegment completionTail;
  private final MemorySegment completions;
  private final int submissionEntries;
  private final int completionEntries;
  private int tail;
  private int head;

  /**
   * Takes the mapped parts: four bytes for each counter, {@code entries} of {@link
   * SubmissionEntry#BYTES} each, {@code completions} of {@link #COMPLETION_BYTES} each. Both counts
   * are powers of two.
   */
  RingMemory(
      MemorySegment submissionHead,
      MemorySegment submissionTail,
      MemorySegment submissionFlags,
      MemorySegment entries,
      MemorySegment completionHead,
      MemorySegment completionTail,
      MemorySegment completions) {
    this.submissionHead = submissionHead;
    this.submissionTail = submissionTail;
    this.submissionFlags = submissionFlags;
    this.entries = entries;
    this.completionHead = completionHead;
    this.completionTail = completionTail;
    this.completions = completions;
    this.submissionEntries = (int) (entries.byteSize() / SubmissionEntry.BYTES);
    this.completionEntries = (int) (completions.byteSize() / COMPLETION_BYTES);
    this.tail = (int) INT.getAcquire(submissionTail, 0L);
    this.head = (int) INT.getAcquire(completionHead, 0L);
  }

  int completionEntries() {
    return completionEntries;
  }

  /** Returns how many entries the kernel has not consumed yet. */
  int unsubmitted() {
    return tail - (int) INT.getAcquire(submissionHead, 0L);
  }

  boolean submissionFull() {
    return unsubmitted() >= submissionEntries;
  }

  MemorySegment entries() {
    return entries;
  }

  /** Returns the byte at which the next entry begins. */
  long nextEntry() {
    return (tail & (submissionEntries - 1)) * SubmissionEntry.BYTES;
  }

  /** Publishes the entry written at {@link #nextEntry()}. */
  void publishEntry() {
    tail++;
    INT.setRelease(submissionTail, 0L, tail);
  }

  /**
   * Takes back the entry published last, which the kernel has not consumed; returns its user_data.
   */
  long retractEntry() {
    tail--;
    INT.setRelease(submissionTail, 0L, tail);
    return entries.get(ValueLayout.JAVA_LONG, nextEntry() + SubmissionEntry.USER_DATA_OFFSET);
  }

  /** Returns whether only a call of enter would bring completions that the kernel already has. */
  boolean kernelHasWork() {
    return ((int) INT.getAcquire(submissionFlags, 0L) & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) != 0;
  }

  /** Returns how many completions wait in the ring. */
  int completionsReady() {
    return (int) INT.getAcquire(completionTail, 0L) - head;
  }

  long userData() {
    return completions.get(ValueLayout.JAVA_LONG, completionStart());
  }

  int result() {
    return completions.get(ValueLayout.JAVA_INT, completionStart() + RESULT_OFFSET);
  }

  int completionFlags() {
    return completions.get(ValueLayout.JAVA_INT, completionStart() + COMPLETION_FLAGS_OFFSET);
  }

  /** Gives the first waiting completion's place back to the kernel. */
  void consumeCompletion() {
    head++;
    INT.setRelease(completionHead, 0L, head);
  }

  private long completionStart() {
    return (head & (completionEntries - 1)) * COMPLETION_BYTES;
  }
}
