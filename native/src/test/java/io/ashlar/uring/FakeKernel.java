package io.ashlar.uring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * A kernel in memory: takes submission entries, posts completions when told to, and answers enter
 * as scripted. Entries complete with their length unless {@link #result} says otherwise.
 */
final class FakeKernel implements RingKernel, AutoCloseable {
  static final int SUBMISSION_ENTRIES = 4;
  static final int COMPLETION_ENTRIES = 8;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment submissionHead = arena.allocate(4, 4);
  private final MemorySegment submissionTail = arena.allocate(4, 4);
  private final MemorySegment submissionFlags = arena.allocate(4, 4);
  private final MemorySegment entries =
      arena.allocate(SUBMISSION_ENTRIES * SubmissionEntry.BYTES, 64);
  private final MemorySegment completionHead = arena.allocate(4, 4);
  private final MemorySegment completionTail = arena.allocate(4, 4);
  private final MemorySegment completions =
      arena.allocate(COMPLETION_ENTRIES * RingMemory.COMPLETION_BYTES, 64);

  /** Answers of the next calls of enter, instead of doing anything. */
  final Deque<Integer> answers = new ArrayDeque<>();

  /** What user_data the kernel has taken and not completed, in order. */
  final List<Long> taken = new ArrayList<>();

  /** Opcodes taken, in order. */
  final List<Integer> opcodes = new ArrayList<>();

  /** Whether entries complete when something waits for them. */
  boolean completes = true;

  /** At most this many entries are taken at once. */
  int takeMax = Integer.MAX_VALUE;

  /** Whether an error is answered although entries were taken, as the real one does at times. */
  boolean takesDespiteError;

  IntUnaryOperator result = length -> length;
  int enters;
  boolean exited;

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
    enters++;
    Integer answer = answers.poll();
    if (answer != null) {
      if (takesDespiteError) {
        take(toSubmit);
      }
      return answer;
    }
    int count = take(toSubmit);
    if (completes) {
      List<Long> done = List.copyOf(taken);
      taken.clear();
      done.forEach(userData -> post(userData, result.applyAsInt(0), 0));
    } else if (completionsMin > 0 && count == 0) {
      return -Errno.ETIME;
    }
    return count;
  }

  private int take(int toSubmit) {
    int head = submissionHead.get(ValueLayout.JAVA_INT, 0);
    int tail = submissionTail.get(ValueLayout.JAVA_INT, 0);
    int count = Math.min(Math.min(toSubmit, tail - head), takeMax);
    for (int i = 0; i < count; i++) {
      long start = ((head + i) & (SUBMISSION_ENTRIES - 1)) * SubmissionEntry.BYTES;
      opcodes.add((int) entries.get(ValueLayout.JAVA_BYTE, start));
      taken.add(entries.get(ValueLayout.JAVA_LONG, start + SubmissionEntry.USER_DATA_OFFSET));
    }
    submissionHead.set(ValueLayout.JAVA_INT, 0, head + count);
    return count;
  }

  /** Puts a completion into the ring. */
  void post(long userData, int value, int flags) {
    int tail = completionTail.get(ValueLayout.JAVA_INT, 0);
    long start = (tail & (COMPLETION_ENTRIES - 1)) * RingMemory.COMPLETION_BYTES;
    completions.set(ValueLayout.JAVA_LONG, start, userData);
    completions.set(ValueLayout.JAVA_INT, start + RingMemory.RESULT_OFFSET, value);
    completions.set(ValueLayout.JAVA_INT, start + RingMemory.COMPLETION_FLAGS_OFFSET, flags);
    completionTail.set(ValueLayout.JAVA_INT, 0, tail + 1);
  }

  @Override
  public int registerFiles(MemorySegment descriptors, int count) {
    return 0;
  }

  @Override
  public void exit() {
    exited = true;
  }

  @Override
  public void close() {
    arena.close();
  }
}
