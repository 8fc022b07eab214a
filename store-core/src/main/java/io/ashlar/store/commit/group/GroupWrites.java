package io.ashlar.store.commit.group;

import io.ashlar.store.disk.DiskCompletion;
import io.ashlar.store.disk.DiskQueue;
import io.ashlar.store.disk.Poison;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The writes of one group through the I/O thread's queue. Pieces that follow one another in the
 * file become one gathered write, a <i>run</i>; runs are in flight together.
 *
 * <p>Thread: the commit role's holder, when that is the I/O thread. Allocates only when more runs
 * are in flight than ever before.
 */
final class GroupWrites {

  private static final int RUNS_MAX = GroupCommitter.QUEUE_CAPACITY - 1;
  private static final int RUN_VECTORS = 64;
  private static final long NO_RUN = RUNS_MAX;

  private final Poison poison;
  private final Arena arena;
  private final @Nullable IoVectors[] runs = new IoVectors[RUNS_MAX];
  private final int[] free = new int[RUNS_MAX];
  private int freeCount = RUNS_MAX;
  private final DiskCompletion completion = this::onComplete;
  private @Nullable NativeException failure;

  private @Nullable IoVectors open; // the run that the next piece may continue
  private int openIndex;
  private long openOffset;

  /** Creates one whose memory lies in an arena that outlives its last write. */
  GroupWrites(Poison poison, Arena arena) {
    this.poison = poison;
    this.arena = arena;
    for (int i = 0; i < RUNS_MAX; i++) {
      free[i] = RUNS_MAX - 1 - i;
    }
  }

  /** Begins a group. */
  void begin() {
    assert open == null : "a run of the previous group was not written";
    failure = null;
  }

  /** Adds a piece to the run that ends where it begins, else to a run of its own. */
  void add(DiskQueue queue, MemorySegment buffer, long offset, long bytes, long fileOffset) {
    IoVectors run = open;
    if (run != null && (openOffset + run.bytes() != fileOffset || run.count() == run.capacity())) {
      submitOpen(queue);
      run = null;
    }
    if (run == null) {
      run = openRun(queue, fileOffset);
    }
    run.add(buffer, offset, bytes);
  }

  /** Submits a gathered write of the caller's own, after the runs. */
  void submit(DiskQueue queue, IoVectors sources, long offset, boolean durable) {
    submitOpen(queue);
    awaitRoom(queue);
    queue.submitWrite(sources, offset, durable, NO_RUN);
  }

  /** Lets the device begin with all that was submitted. */
  void start(DiskQueue queue) {
    assert open == null : "a run was not submitted";
    var _ = queue.poll(completion);
  }

  /**
   * Submits the remaining runs, unless the store has failed, and waits for all.
   *
   * @throws NativeException if any of it failed.
   */
  void drain(DiskQueue queue) {
    submitOpen(queue);
    while (queue.inFlight() > 0) {
      queue.await(completion, Long.MAX_VALUE);
    }
    if (failure != null) {
      throw failure;
    }
  }

  private IoVectors openRun(DiskQueue queue, long fileOffset) {
    awaitRoom(queue);
    openIndex = free[--freeCount];
    IoVectors run = runs[openIndex];
    if (run == null) {
      run = new IoVectors(RUN_VECTORS, arena);
      runs[openIndex] = run;
    }
    run.clear();
    open = run;
    openOffset = fileOffset;
    return run;
  }

  private void submitOpen(DiskQueue queue) {
    IoVectors run = open;
    open = null;
    if (run == null) {
      return;
    }
    if (poison.isSet()) {
      free[freeCount++] = openIndex; // L24: the growth for a later piece has failed
    } else {
      queue.submitWrite(run, openOffset, false, openIndex);
    }
  }

  /** Leaves room for an operation beside the open run. */
  private void awaitRoom(DiskQueue queue) {
    while (freeCount == 0 || queue.inFlight() >= RUNS_MAX - 1) {
      queue.await(completion, Long.MAX_VALUE);
    }
  }

  private void onComplete(long token, @Nullable NativeException newFailure, long bytes) {
    if (token != NO_RUN) {
      free[freeCount++] = (int) token;
    }
    if (newFailure != null && failure == null) {
      failure = newFailure;
    }
  }
}
