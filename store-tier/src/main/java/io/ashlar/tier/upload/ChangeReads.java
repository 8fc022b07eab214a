package io.ashlar.tier.upload;

import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSnapshot;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the blobs of changes ahead of their packing, in their order: what was written together lies
 * together, and is read with one read. {@value #GROUPS_MAX} groups of {@value #GROUP_BYTES} bytes
 * are read at once, by threads of their own, while the one before is compressed.
 *
 * <p>Thread: the tiering agent's; reading runs on {@value #THREADS} threads that end with close.
 * Memory: the groups, freed by close.
 */
final class ChangeReads implements AutoCloseable {
  static final int GROUP_BYTES = 1 << 20;

  private static final int GROUPS_MAX = 6;
  private static final int THREADS = 3;
  private static final int BLOCK_BYTES = 4096;

  /** Blocks between two blobs that are read with them rather than with another read. */
  private static final long GAP_BLOCKS_MAX = 16;

  /** Blobs that lie near each other, and where the first lies in the buffer. */
  private record Run(List<BlobChange> changes, long offset, long bytes) {}

  /** Blobs that are read together. */
  private static final class Group {
    final List<Run> runs = new ArrayList<>();

    /** A blob that is too long to be read ahead, instead of the others. */
    @Nullable BlobChange direct;

    @Nullable MemorySegment buffer;
    CompletableFuture<Boolean> read = CompletableFuture.completedFuture(true);
  }

  /** Receives blobs in the order of their changes. */
  interface Receiver {
    /** A blob that was read; its bytes are valid during the call. */
    void onRead(BlobChange change, MemorySegment bytes);

    /** A blob that the receiver reads by itself. */
    void onDirect(BlobChange change);
  }

  private final TierSnapshot source;
  private final ChangeList changes;
  private final Arena arena = Arena.ofShared();
  private final Deque<MemorySegment> free = new ArrayDeque<>();
  private final Deque<Group> ahead = new ArrayDeque<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS, Thread.ofPlatform().daemon().name("ashlar-tier-pack-", 0).factory());
  private long next;

  /** Reads the stored ones among {@code changes}. */
  ChangeReads(TierSnapshot source, ChangeList changes) {
    this.source = source;
    this.changes = changes;
    for (int i = 0; i < GROUPS_MAX; i++) {
      free.add(arena.allocate(GROUP_BYTES, BLOCK_BYTES));
    }
  }

  /**
   * Hands all blobs over, in the order of their changes.
   *
   * @throws io.ashlar.store.CorruptionException if one is damaged.
   */
  void forEach(Receiver receiver) {
    readAhead();
    while (!ahead.isEmpty()) {
      Group group = ahead.remove();
      deliver(group, receiver);
      if (group.buffer != null) {
        free.add(group.buffer);
      }
      readAhead();
    }
  }

  private static void deliver(Group group, Receiver receiver) {
    try {
      boolean read = group.read.join();
      assert read;
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
    if (group.direct != null) {
      receiver.onDirect(group.direct);
    }
    MemorySegment buffer = group.buffer;
    for (Run run : group.runs) {
      long first = run.changes().getFirst().startBlock();
      for (BlobChange change : run.changes()) {
        long offset = run.offset() + (change.startBlock() - first) * BLOCK_BYTES;
        receiver.onRead(
            change,
            buffer == null || change.length() == 0
                ? MemorySegment.NULL
                : buffer.asSlice(offset, change.length()));
      }
    }
  }

  private void readAhead() {
    while (next < changes.size() && !free.isEmpty()) {
      Group group = nextGroup();
      if (group == null) {
        return;
      }
      if (group.direct == null) {
        MemorySegment buffer = free.remove();
        group.buffer = buffer;
        group.read = CompletableFuture.supplyAsync(() -> read(group.runs, buffer), threads);
      }
      ahead.add(group);
      if (group.direct != null) {
        // It takes more memory than all groups, so nothing is read beside it.
        return;
      }
    }
  }

  private boolean read(List<Run> runs, MemorySegment buffer) {
    for (Run run : runs) {
      if (run.bytes() > 0) {
        source.readRun(run.changes(), buffer.asSlice(run.offset(), run.bytes()));
      }
    }
    return true;
  }

  /** The next blobs that fill a buffer, or the next that does not fit in one; null at the end. */
  private @Nullable Group nextGroup() {
    Group group = new Group();
    long used = 0;
    for (; next < changes.size(); next++) {
      BlobChange change = changes.get(next);
      if (change.kind() != BlobChange.Kind.STORED) {
        continue;
      }
      long bytes = roundUp(change.length());
      if (bytes > GROUP_BYTES) {
        if (group.runs.isEmpty()) {
          group.direct = change;
          next++;
        }
        break;
      }
      Run last = group.runs.isEmpty() ? null : group.runs.getLast();
      long gap = last == null || change.length() == 0 ? -1 : gapBytes(last, change);
      boolean joins = last != null && gap >= 0;
      if (used + (joins ? gap : 0) + bytes > GROUP_BYTES) {
        break;
      }
      if (joins && last != null) {
        last.changes().add(change);
        group.runs.removeLast();
        group.runs.add(new Run(last.changes(), last.offset(), last.bytes() + gap + bytes));
        used += gap + bytes;
      } else {
        List<BlobChange> alone = new ArrayList<>();
        alone.add(change);
        group.runs.add(new Run(alone, used, bytes));
        used += bytes;
      }
    }
    return group.runs.isEmpty() && group.direct == null ? null : group;
  }

  /** Bytes between a run and a blob that may join it, or −1 if it may not. */
  private static long gapBytes(Run run, BlobChange change) {
    if (run.bytes() == 0) {
      return -1;
    }
    long end = run.changes().getFirst().startBlock() + run.bytes() / BLOCK_BYTES;
    long gap = change.startBlock() - end;
    return gap >= 0 && gap <= GAP_BLOCKS_MAX ? gap * BLOCK_BYTES : -1;
  }

  private static long roundUp(long length) {
    return (length + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  }

  /** Waits for what is being read, and frees the memory. */
  @Override
  public void close() {
    threads.close();
    arena.close();
  }
}
