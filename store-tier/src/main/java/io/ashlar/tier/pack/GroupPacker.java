package io.ashlar.tier.pack;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.LargeArena;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.tier.batch.FramedBatchEncoder;
import io.ashlar.tier.readback.BlobKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Reads the blobs of one group and makes frames of them: what was written together lies together,
 * and is read with one read.
 *
 * <p>Thread: one at a time, none of them virtual. Memory: {@value PackPlan#READ_BYTES_MAX} bytes to
 * read into, and what a {@link FramedBatchEncoder} takes for the group; freed by close.
 */
public final class GroupPacker implements AutoCloseable {
  /** Blocks between two blobs that are read with them rather than with another read. */
  private static final long GAP_BLOCKS_MAX = 16;

  /** How much is compressed in one step. */
  private static final long ADDED_BYTES = 128 << 10;

  /** What the frames of a group mostly take, with room to compress another one into. */
  private static final long FRAMES_BYTES = PackPlan.GROUP_BYTES / 2 + (80 << 10);

  /** Entries of a group for which there is room before it is known how many they are. */
  private static final long ENTRIES = 256;

  private final TierSnapshot source;
  private final ChangeList changes;
  private final Supplier<? extends BackgroundWork> background;
  private final FramedBatchEncoder frames = new FramedBatchEncoder();
  private final Arena arena = LargeArena.ofShared();
  private final MemorySegment buffer =
      arena.allocate(PackPlan.READ_BYTES_MAX, PackPlan.BLOCK_BYTES);
  private final MemorySegment key = MemorySegment.ofArray(new byte[BlobId.BYTES]);
  private final List<BlobChange> run = new ArrayList<>();

  /** The run of frames in which each of the group's blobs lies. */
  private int[] frameRuns = new int[64];

  private int count;

  /**
   * @param background begins work that the store paces, on the calling thread.
   */
  GroupPacker(
      TierSnapshot source, ChangeList changes, Supplier<? extends BackgroundWork> background) {
    this.background = background;
    this.source = source;
    this.changes = changes;
  }

  /**
   * Packs a group.
   *
   * @throws io.ashlar.store.CorruptionException if a blob is damaged.
   * @throws io.ashlar.store.SnapshotEndedException if the store has ended the snapshot.
   */
  void pack(PackPlan.Group group) {
    frames.clear();
    frames.reserve(FRAMES_BYTES, Math.min(ENTRIES, group.to() - group.from()));
    count = 0;
    BackgroundWork work = background.get();
    long runBytesMax = Math.min(PackPlan.READ_BYTES_MAX, work.stepBytesMax());
    long runBytes = 0;
    for (long i = group.from(); i < group.to(); i++) {
      if (!changes.isStored(i)) {
        continue;
      }
      BlobChange change = changes.get(i);
      long gap = run.isEmpty() ? 0 : gapBytes(runBytes, change);
      long bytes = PackPlan.storedBytes(change.length());
      if (gap < 0 || bytes == 0 || runBytes + gap + bytes > runBytesMax) {
        addRun(runBytes, work);
        runBytes = 0;
        gap = 0;
      }
      if (bytes == 0) {
        add(change, MemorySegment.NULL);
      } else {
        run.add(change);
        runBytes += gap + bytes;
      }
    }
    addRun(runBytes, work);
    frames.seal();
    work.rest(0);
  }

  /** Bytes between the run and a blob that may join it, or negative if it may not. */
  private long gapBytes(long runBytes, BlobChange change) {
    long end = run.getFirst().startBlock() + runBytes / PackPlan.BLOCK_BYTES;
    long gap = change.startBlock() - end;
    return gap <= GAP_BLOCKS_MAX ? gap * PackPlan.BLOCK_BYTES : -1;
  }

  private void addRun(long bytes, BackgroundWork work) {
    if (run.isEmpty()) {
      return;
    }
    source.readRun(run, buffer.asSlice(0, bytes));
    work.rest(bytes);
    long addedBytes = 0;
    long first = run.getFirst().startBlock();
    for (BlobChange change : run) {
      add(
          change,
          buffer.asSlice((change.startBlock() - first) * PackPlan.BLOCK_BYTES, change.length()));
      addedBytes += change.length();
      if (addedBytes >= ADDED_BYTES) {
        work.rest(0);
        addedBytes = 0;
      }
    }
    run.clear();
  }

  /** Adds a blob whose bytes the store has verified. */
  private void add(BlobChange change, MemorySegment bytes) {
    BlobKey.write(change.id().high(), change.id().low(), key);
    if (count == frameRuns.length) {
      frameRuns = Arrays.copyOf(frameRuns, count * 2);
    }
    frameRuns[count++] = frames.add(key, bytes, change.crc32c());
  }

  /** The group's frames, until the next {@link #pack}. */
  FramedBatchEncoder frames() {
    return frames;
  }

  /** The run of frames in which a blob lies, by the blob's place in the group, from 0. */
  int frameRun(int blob) {
    return frameRuns[blob];
  }

  @Override
  public void close() {
    frames.close();
    arena.close();
  }
}
