package io.ashlar.store.vacuum;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.background.PacedWork;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.util.HashSet;
import java.util.Set;

/**
 * One vacuum: moves the topmost blobs down into free space and cuts the file, step by step. Commits
 * and reads continue meanwhile.
 *
 * <pre>
 *   SURVEY ─▶ LOG ─▶ SELECT ─▶ COPY ─▶ SYNC ─▶ RECORD ─┐    ┌─────────── not enough yet ──────────┐
 *     ▲                ▲         ▲       next batch     │    │                                     │
 *     │                └─────────┴──────────────────────┘    ▼                                     │
 *     │                          └─ none left ─▶ MARK ─▶ CUT ─▶ CHECKPOINT (twice) ─▶ MARK ─▶ CUT ─┘
 *     └── there was progress and there is more to gain ◀──┘        │
 *                                                                  └── else ─▶ HOLES ─▶ DONE
 * </pre>
 *
 * <p><b>The steps, and a crash at each.</b>
 *
 * <ol>
 *   <li><i>Copy.</i> The role takes an extent for each blob of a batch, lower than where it lies.
 *       The blob is read, its entry looked up again (L21), its checksum compared (L28), and the
 *       copy written. A crash: nothing refers to the copies; they are free space to a recovery. A
 *       copy whose write fails is never referred to, and its extent stays unused until the next
 *       open (L24).
 *   <li><i>Sync.</i> The copies are durable. A crash: as before. A failed sync poisons the store,
 *       because it may have hidden the failure of a commit's write.
 *   <li><i>Record.</i> An epoch of relocations, in a group like any other. Each names the version
 *       and the extent that were read, and does nothing, live and in replay, where a put, a delete
 *       or an eviction came between (L16). A crash keeps the group or drops it, whole (L4). If it
 *       is kept, the entries refer to copies that were durable before the record was submitted, so
 *       recovery need not check them (L3). If it is dropped, they refer to the sources. Those are
 *       untouched, because an extent that a relocation frees is reused only under L2.
 *   <li><i>Mark.</i> An empty record whose mark covers the last batch, so that its sources are free
 *       under L2. A crash changes nothing.
 *   <li><i>Log and checkpoints.</i> The log moves to a lower extent, which a durable record names
 *       before it is used (L10). Two index checkpoints, written where first fit finds space,
 *       release the records and chunks that pinned the file's end (L13). A crash: as in {@code
 *       GroupCommitter} and {@code IndexCheckpointer}.
 *   <li><i>Cut.</i> The role releases free blocks at the end. They exclude every block that waits
 *       for a mark, that either generation needs, that the log keeps or that an epoch holds (L28).
 *       Then the file is truncated, then synced. A crash leaves the file at either length. To a
 *       recovery all blocks after the highest used block are free; its older generation needs none
 *       of them either. A log extent that its base names may reach past the file's end; there are
 *       no records then.
 *   <li><i>Holes.</i> Only on request. The role takes a free run, which is punched and is then a
 *       hole. A hole is filled with zeroes and synced before it is allocated (L29). A crash leaves
 *       it punched or not; to a recovery it is free space either way.
 * </ol>
 *
 * <p><b>One at a time.</b> A relocation that did nothing when it was applied must do nothing in a
 * replay that starts from an index checkpoint copied later. That holds only if no other vacuum
 * moves the blob away and back meanwhile. So one vacuum runs in a store at a time.
 *
 * <p>Thread: one. Work on allocator, index writer and log runs through the commit role's holder
 * (L19, L20). It never takes longer than the allocation of one batch, a flip or a one-block record.
 * Memory: 1 MiB of native memory and about 1 MiB of heap.
 */
public final class Vacuum implements AutoCloseable {

  private static final int PASSES_MAX = 8;
  private static final int CHECKPOINT_STARTS_MAX = 4;
  private static final int LOG_MOVES_MAX = 2; // the current extent's and the next one's place
  private static final int DAMAGED_MAX = 1 << 16;

  /** A vacuum ends when less than this part of the file could still be gained. */
  private static final int GAIN_SHARE_MIN = 64;

  /** How much longer the file may stay than it need be, as a part of that: a fourth. */
  private static final int GAPS_SHARE_MAX = 4;

  private enum Phase {
    SURVEY,
    LOG,
    SELECT,
    COPY,
    SYNC,
    RECORD,
    MARK,
    CUT,
    CHECKPOINT,
    HOLES,
    DONE
  }

  private final CommitAccess commits;
  private final OperationApplier applier;
  private final BlockSpace space;
  private final DataFile file;
  private final Disk disk;
  private final Poison poison;
  private final VacuumOptions options;
  private final VacuumListener listener;
  private final PacedWork pace;
  private final Topmost topmost;
  private final MoveBatch batch;
  private final BlobCopy copy;
  private final BlobLocation location = new BlobLocation();
  private final Set<BlobId> damaged = new HashSet<>();
  private final long fileBytesBefore;

  private Phase phase = Phase.SURVEY;
  private VacuumReport.End end = VacuumReport.End.DONE;
  private int pass;
  private long fileBlocks; // when this pass began
  private long blocksNow;
  private long limit; // the first block behind what the content needs
  private long ceiling;
  private int logMoves;
  private boolean logMoved; // in this pass
  private boolean checkpointed; // in this pass
  private int checkpointStarts;
  private long checkpointsWanted;
  private long movedBefore; // this pass
  private long stepBytes; // moved in this step
  private long bytesPunched;

  /**
   * Creates one that has done nothing yet.
   *
   * @param content the blobs that it moves, and the space that it moves them to.
   * @param file the file that it cuts.
   * @param pace how fast it may go, and until when.
   */
  public Vacuum(
      CommitAccess commits,
      StoreContent content,
      DataFile file,
      GuardedDisk guarded,
      VacuumOptions options,
      VacuumListener listener,
      PacedWork pace) {
    this.commits = commits;
    applier = content.applier();
    space = content.space();
    this.file = file;
    disk = guarded.disk();
    poison = guarded.poison();
    this.options = options;
    this.listener = listener;
    this.pace = pace;
    fileBytesBefore = disk.size();
    topmost = new Topmost(content.index());
    batch = new MoveBatch(content.index(), space);
    copy = new BlobCopy(disk, poison, this::onDamaged);
  }

  /**
   * Does one step.
   *
   * @return false when it has ended; {@link #report} says why.
   * @throws io.ashlar.store.StoreFailedException if the store is poisoned.
   */
  public boolean step() {
    if (phase == Phase.DONE) {
      return false;
    }
    poison.check();
    if (pace.isOver()) {
      finish(VacuumReport.End.CLOSED);
      phase = Phase.DONE;
      return false;
    }
    switch (phase) {
      case SURVEY -> survey();
      case LOG -> moveLog();
      case SELECT -> select();
      case COPY -> copy();
      case SYNC -> sync();
      case RECORD -> record();
      case MARK -> mark();
      case CUT -> cut();
      case CHECKPOINT -> checkpoint();
      case HOLES -> punch();
      case DONE -> {}
    }
    pace.endStep(stepBytes);
    stepBytes = 0;
    listener.onProgress(batch.blobsMoved(), batch.bytesMoved(), disk.size());
    return phase != Phase.DONE;
  }

  /** Returns how long to rest before the next step, in nanoseconds; 0 for not at all. */
  public long restNs() {
    return pace.restNs();
  }

  /** Rests before the next step. */
  public void rest() {
    pace.rest();
  }

  /** Returns whether the next step has nothing to do before an index checkpoint has ended. */
  public boolean waitsForCheckpoint() {
    return phase == Phase.CHECKPOINT && commits.checkpointer().isRunning();
  }

  /** Waits for that. Thread: one that does not run the checkpoint's steps. */
  public void awaitCheckpoint() {
    commits.checkpointer().awaitIdle();
  }

  /** Finds out how long the file must be, and whether it is worth a pass. */
  private void survey() {
    boolean[] logOutOfPlace = new boolean[1];
    commits.perform(() -> {
      space.takeGrown();
      fileBlocks = space.fileBlocks();
      blocksNow = fileBlocks;
      long content =
          Blocks.FIRST
              + applier.liveBlocks()
              + space.heldBlocks()
              + space.quarantinedBlocks()
              + space.pinnedBlocks()
              + 2 * commits.checkpointer().newerBlocks()
              + space.reservedBlocks();
      limit = content + commits.logBlocks(content);
      logOutOfPlace[0] = commits.isLogOutOfPlace(limit, limit);
    });
    pass++;
    if (!isWorthMore()) {
      phase = Phase.HOLES;
    } else if (pass > PASSES_MAX) {
      finishMoving();
    } else {
      ceiling = Long.MAX_VALUE;
      logMoves = logOutOfPlace[0] ? 0 : LOG_MOVES_MAX;
      checkpointed = false;
      logMoved = false;
      movedBefore = batch.blobsMoved();
      phase = Phase.LOG;
    }
  }

  private boolean isWorthMore() {
    return blocksNow - file.lengthAhead(limit) >= leastGain();
  }

  private long leastGain() {
    return Math.max(1, fileBlocks / GAIN_SHARE_MIN);
  }

  /** Moves the log down, out of both its extents, one after the other. */
  private void moveLog() {
    if (logMoves < LOG_MOVES_MAX && commits.moveLog(limit)) {
      logMoves++;
      logMoved = true;
    } else {
      phase = Phase.SELECT;
    }
  }

  private void select() {
    topmost.select(limit, ceiling);
    phase = topmost.isEmpty() ? Phase.MARK : Phase.COPY;
  }

  private void copy() {
    choose();
    if (batch.count() == 0) {
      if (topmost.isEmpty()) {
        phase = topmost.leftSomeOut() ? Phase.SELECT : Phase.MARK;
        ceiling = topmost.lowestStart();
      }
      return;
    }
    commits.perform(batch::place);
    NativeException failure = copy.copy(batch, pace);
    commits.perform(batch::settle);
    if (failure != null) {
      fail("a copy could not be written", failure);
    } else if (batch.count() > 0) {
      phase = Phase.SYNC;
    }
  }

  /** Fills the batch with the topmost blobs that are still where they were. */
  private void choose() {
    long batchBlocksMax = Math.min(BlobCopy.BATCH_BLOCKS_MAX, Blocks.count(pace.stepBytesMax()));
    while (!topmost.isEmpty() && batch.count() < MoveBatch.BLOBS_MAX) {
      if (topmost.peek(location)) {
        long blocks = location.blocks();
        if (batch.count() > 0 && batch.blocks() + blocks > batchBlocksMax) {
          break;
        }
        batch.add(topmost.idHigh(), topmost.idLow(), location);
      }
      topmost.take();
    }
    batch.reverse();
  }

  private void onDamaged(CorruptionException damage) {
    BlobId id = damage.id();
    if (id != null && damaged.size() < DAMAGED_MAX && damaged.add(id)) {
      listener.onDamaged(damage);
    }
  }

  private void sync() {
    syncOrPoison(disk::sync);
    stepBytes += copy.takeUncounted();
    phase = Phase.RECORD;
  }

  private void syncOrPoison(Runnable sync) {
    try {
      sync.run();
    } catch (NativeException e) {
      poison.set(e); // it may have hidden the failure of a commit's write
      throw poison.failure(false);
    }
  }

  private void record() {
    phase = Phase.COPY;
    try {
      commits.commit(batch);
    } catch (StorageFullException e) {
      finish(VacuumReport.End.STUCK); // not even the log has room
    }
  }

  private void mark() {
    commits.mark();
    phase = Phase.CUT;
  }

  private void cut() {
    var _ = file.awaitGrowth();
    long[] newEnd = new long[1];
    commits.perform(() -> {
      newEnd[0] = space.beginCut(leastGain());
      blocksNow = space.fileBlocks();
    });
    if (newEnd[0] >= 0) {
      try {
        file.cut(newEnd[0]);
      } catch (NativeException e) {
        fail("the data file could not be cut", e);
        return;
      }
      syncOrPoison(disk::syncAll);
    }
    if (isWorthMore() && !checkpointed) {
      beginCheckpoints();
      return;
    }
    if (logMoved || batch.blobsMoved() > movedBefore || blocksNow < fileBlocks) {
      phase = Phase.SURVEY;
    } else {
      finishMoving();
    }
  }

  /** Ends it because no pass gains more; gaps that no blob fits into are nothing to complain of. */
  private void finishMoving() {
    long needed = file.lengthAhead(limit);
    finish(
        blocksNow - needed <= needed / GAPS_SHARE_MAX
            ? VacuumReport.End.DONE
            : VacuumReport.End.STUCK);
  }

  private void beginCheckpoints() {
    checkpointed = true;
    checkpointStarts = 0;
    // Two: each frees the blocks that only the generation before the last needed.
    commits.perform(() -> checkpointsWanted = commits.checkpointer().completedCount() + 2);
    phase = Phase.CHECKPOINT;
  }

  private void checkpoint() {
    if (commits.checkpointer().isRunning()) {
      return;
    }
    boolean[] more = new boolean[1];
    commits.perform(() -> {
      more[0] =
          commits.checkpointer().completedCount() < checkpointsWanted
              && checkpointStarts < CHECKPOINT_STARTS_MAX;
      if (more[0]) {
        commits.startCheckpoint();
      }
    });
    if (more[0]) {
      checkpointStarts++;
    } else {
      phase = Phase.MARK;
    }
  }

  private void punch() {
    long leastBlocks = options.holeBytesMin() / Blocks.BYTES;
    if (leastBlocks == 0) {
      phase = Phase.DONE;
      return;
    }
    long[] run = new long[2];
    commits.perform(() -> {
      space.takeForHole(
          leastBlocks,
          (start, blocks) -> {
            run[0] = start;
            run[1] = blocks;
          });
    });
    if (run[1] == 0) {
      syncOrPoison(disk::syncAll);
      phase = Phase.DONE;
      return;
    }
    NativeException failure = null;
    try {
      disk.punchHole(Blocks.offset(run[0]), Blocks.offset(run[1]));
      bytesPunched += Blocks.offset(run[1]);
    } catch (NativeException e) {
      failure = e;
    }
    commits.perform(() -> space.addHole(run[0], run[1])); // L20
    if (failure != null) {
      phase = Phase.DONE;
      if (failure.errno() != Errno.EOPNOTSUPP) {
        fail("a hole could not be punched", failure);
      }
    }
  }

  private void fail(String what, NativeException failure) {
    Log.log(
        Vacuum.class, System.Logger.Level.WARNING, what + "; vacuum ends: " + failure.getMessage());
    finish(VacuumReport.End.FAILED);
  }

  /** Ends it, but for holes where it ends because no more can be moved. */
  private void finish(VacuumReport.End why) {
    giveBack();
    end = why;
    boolean ended = why == VacuumReport.End.CLOSED || why == VacuumReport.End.FAILED;
    phase = ended ? Phase.DONE : Phase.HOLES;
  }

  private void giveBack() {
    if (batch.count() > 0 && !poison.isSet()) {
      commits.perform(batch::abandon);
    }
  }

  /** Returns what was done so far. */
  public VacuumReport report() {
    return new VacuumReport(
        batch.blobsMoved(),
        batch.bytesMoved(),
        damaged.size(),
        fileBytesBefore,
        disk.size(),
        bytesPunched,
        end);
  }

  /** Releases its space and memory; it may be closed between any two steps. */
  @Override
  public void close() {
    giveBack();
    copy.close();
  }
}
