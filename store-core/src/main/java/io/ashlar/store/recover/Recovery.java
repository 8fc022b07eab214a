package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.checkpoint.Generation;
import io.ashlar.store.checkpoint.IndexCheckpointReader;
import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.checkpoint.RecoveredLog;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.FoundSpace;
import io.ashlar.store.spi.Log;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens a store: superblock → index checkpoint → log → index and free space → fence.
 *
 * <p><b>Invariant.</b> After any crash, and any number of interrupted recoveries, the kept epochs
 * are a prefix that includes every acknowledged epoch (G3). Another open keeps the same epochs
 * (G9).
 *
 * <p><b>Steps, and a crash at each</b> (rule L5):
 *
 * <ol>
 *   <li>Sync file and directory, so that bytes read here cannot vanish later.
 *   <li>Read and replay, which writes nothing.
 *   <li>Write the fence, durable, to the superblock copy that was not recovered from. Until it is
 *       whole the other copy decides, and finds the same end of the log.
 *   <li>Write the fence to the other copy. From here on a record of an older incarnation after the
 *       fence can never replay (L6), so its place may be overwritten.
 * </ol>
 *
 * <p>Nothing is exposed before step 4.
 *
 * <p>Thread: the one that opens the store.
 */
public final class Recovery {

  /**
   * No store reaches this number by counting. Epochs and sequences start at 0. Incarnations, of
   * which each open takes one, start below half of it.
   */
  private static final long COUNT_MAX = Long.MAX_VALUE - (1L << 40);

  private final Disk disk;
  private final SuperblockPair superblocks;
  private final long fileBlocks;
  private final boolean created;
  private final boolean fenced;
  private final long startNs;
  private final RecordLedger ledger = new RecordLedger();
  private final BlockMap map;
  private long checkpointEntries;
  private boolean checkpointLoaded;
  private long liveBlocks;

  private Recovery(Disk disk, SuperblockPair superblocks, boolean fenced, long startNs) {
    this.disk = disk;
    this.superblocks = superblocks;
    created = fenced && isUnopened(superblocks.newer());
    this.fenced = fenced;
    this.startNs = startNs;
    fileBlocks = disk.size() / Blocks.BYTES;
    map = new BlockMap(fileBlocks);
  }

  /**
   * Makes a new store in an empty file, which must not have a store's name before this returns.
   *
   * @param ids random 64-bit values (rule L7).
   * @throws io.ashlar.uring.NativeException if the device fails or is full.
   */
  public static void create(Disk disk, StoreConfig config, LongSupplier ids, LongSupplier clockMs) {
    try (SuperblockPair superblocks = new SuperblockPair(disk)) {
      StoreCreation.create(disk, superblocks, config, ids, clockMs);
    }
  }

  /**
   * Recovers the store on a locked disk.
   *
   * @param superblocks reads and writes the superblocks; stays with the caller.
   * @throws io.ashlar.store.CorruptionException if durable data is lost.
   * @throws io.ashlar.store.FormatVersionException if the store has an unsupported format version.
   * @throws io.ashlar.store.StoreOpenException if the file is not a store.
   */
  public static RecoveredStore open(Disk disk, SuperblockPair superblocks) {
    long startNs = System.nanoTime();
    disk.syncAll(); // L5
    superblocks.read();
    return new Recovery(disk, superblocks, true, startNs).recover();
  }

  /**
   * Finds a store's content without writing anything, so without a fence (rule L5). Never write to
   * the file on the basis of this result.
   *
   * @throws StoreOpenException if there is no store.
   * @throws io.ashlar.store.CorruptionException if durable data is lost.
   * @throws io.ashlar.store.FormatVersionException if the store has an unsupported format version.
   */
  public static RecoveredStore inspect(Disk disk, SuperblockPair superblocks) {
    long startNs = System.nanoTime();
    superblocks.read();
    return new Recovery(disk, superblocks, false, startNs).recover();
  }

  /** Returns whether no open has written its fence since the store was made. */
  private static boolean isUnopened(Superblock superblock) {
    return superblock.checkpoint().isNone()
        && superblock.incarnation() == superblock.base().incarnation();
  }

  private RecoveredStore recover() {
    Superblock newer = withNewestFence(superblocks.newer());
    Superblock older = superblocks.older();
    requireCount("incarnation", newer.incarnation(), "superblock");
    requireCounts(newer.base(), "superblock's log position");
    try (IndexCheckpointReader checkpoints = new IndexCheckpointReader(disk, fileBlocks)) {
      try {
        return recover(newer, checkpoints, older == null ? null : withNewestFence(older), true);
      } catch (CorruptionException e) {
        if (checkpointLoaded || older == null) {
          throw e;
        }
        Log.log(
            Recovery.class,
            System.Logger.Level.WARNING,
            "recovering from the previous index checkpoint: " + e.getMessage());
      }
      return recover(withNewestFence(older), checkpoints, null, false);
    }
  }

  /**
   * Recovers from one superblock copy.
   *
   * @param older the other copy with the newest fence, or null when it is of no use.
   * @param fromNewer false when the newer copy's checkpoint is damaged, and this is the older one.
   */
  private RecoveredStore recover(
      Superblock superblock,
      IndexCheckpointReader checkpoints,
      @Nullable Superblock older,
      boolean fromNewer) {
    BlobIndex index = new BlobIndex(superblock.storeId());
    OperationApplier applier = new OperationApplier(index, superblock.tiered());
    boolean recovered = false;
    try (EarlyReplay early =
        new EarlyReplay(disk, fileBlocks, superblock, index, applier, fenced)) {
      Generation generation = checkpoints.read(superblock, index);
      checkpointEntries = checkpoints.entries();
      checkpointLoaded = true;
      early.indexIsLoaded();
      // This thread would only wait now.
      Generation other =
          older == null
              ? null
              : OlderGeneration.find(disk, fileBlocks, checkpoints, older, superblock, ledger);
      LogReplay replay = early.await(ledger);
      RecoveredStore store = finish(fromNewer, generation, other, index, applier, replay);
      recovered = true;
      return store;
    } finally {
      if (!recovered) {
        index.close();
      }
    }
  }

  /**
   * Returns a superblock with the newest fence of both: a crash may have come between its copies.
   */
  private Superblock withNewestFence(Superblock superblock) {
    Superblock newest = superblock;
    for (Superblock other : new @Nullable Superblock[] {superblocks.newer(), superblocks.older()}) {
      if (other != null && other.incarnation() > newest.incarnation()) {
        newest = other;
      }
    }
    return superblock.withFence(newest.fence());
  }

  /** Rebuilds free space, and writes the fence. */
  private RecoveredStore finish(
      boolean fromNewer,
      Generation generation,
      @Nullable Generation other,
      BlobIndex index,
      OperationApplier applier,
      LogReplay replay) {
    LogPosition position = replay.position();
    useSpace(index, position);
    useGeneration(generation);
    Generation older = generation;
    if (other != null) {
      older = other;
      if (!other.hasSameCheckpoint(generation)) {
        useGeneration(other);
      }
    }
    applier.liveBlocks(liveBlocks);
    requireCounts(position, "log");
    requireCount("incarnation", replay.incarnationMax(), "log");
    if (fenced) {
      fence(fromNewer, other != null, replay.incarnationMax() + 1, position.sequence()); // L5, L7
    }
    RecoveryReport report = report(position, replay);
    return new RecoveredStore(
        new RecoveredLog(
            superblocks.newer(),
            position,
            ledger,
            older,
            generation,
            replay.logBlocks(),
            replay.logOperations()),
        new FoundSpace(map.free(), fileBlocks, map.highestEnd()),
        index,
        applier,
        report);
  }

  private void fence(boolean fromNewer, boolean keepOther, long incarnation, long sequence) {
    try {
      superblocks.fence(fromNewer, keepOther, incarnation, sequence);
    } catch (NativeException e) {
      if (e.errno() == Errno.ENOSPC || e.errno() == Errno.EDQUOT) {
        throw e;
      }
      throw new StoreOpenException(
          "a superblock copy cannot be written, so the open wrote nothing else: open the store"
              + " read-only to save its content, and replace the device: failure="
              + e.getMessage(),
          e);
    }
  }

  /**
   * Refuses a number that no store reaches by counting, because its successor might not be greater
   * (rule L7, of incarnations).
   */
  private static void requireCount(String what, long value, String where) {
    if (value < 0 || value > COUNT_MAX) {
      throw new CorruptionException(
          "the "
              + what
              + " is out of range: restore the store: where="
              + where
              + ", "
              + what
              + "="
              + value
              + ", most="
              + COUNT_MAX,
          null,
          0,
          COUNT_MAX,
          value,
          null);
    }
  }

  private static void requireCounts(LogPosition position, String where) {
    requireCount("epoch", position.epoch(), where);
    requireCount("sequence", position.sequence(), where);
    requireCount("incarnation", position.incarnation(), where);
  }

  private RecoveryReport report(LogPosition position, LogReplay replay) {
    NativeException failure = replay.failure();
    String note =
        (replay.dropped() > 0
                ? "dropped the last record: its blobs were not all written"
                : "the log ended in order")
            + (failure == null ? "" : ", but blocks cannot be read: " + failure.getMessage());
    if (failure != null) {
      Log.log(Recovery.class, System.Logger.Level.WARNING, note);
    }
    return new RecoveryReport(
        created,
        position.epoch(),
        position.sequence(),
        checkpointEntries,
        replay.records(),
        replay.checkedBlobs(),
        replay.dropped(),
        Blocks.offset(replay.logBlocks()),
        System.nanoTime() - startNs,
        created ? "a new store" : note);
  }

  private void useGeneration(Generation generation) {
    for (Generation.Chunk chunk : generation.chunks()) {
      map.use(chunk.start(), chunk.blocks(), "index checkpoint");
    }
  }

  /** Marks the blocks that the final index and the log refer to (rules L13, L28, promise G13). */
  private void useSpace(BlobIndex index, LogPosition position) {
    map.use(0, Blocks.FIRST, "superblocks");
    ledger.forEach((sequence, block, blocks) -> map.use(block, blocks, "log record"));
    map.expect(index.liveCount() - index.evictedCount());
    index.forEachExtent(
        (starts, blocks, count) -> liveBlocks += map.useAll(starts, blocks, count, "blob"));
    if (position.block() < position.extentEnd()) { // a full one may have been cut off the file
      map.use(position.block(), position.extentEnd() - position.block(), "log extent");
    }
    if (position.nextStart() != 0) {
      map.use(position.nextStart(), position.next().blocks(), "next log extent");
    }
  }
}
