package io.ashlar.store.recover;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.OperationApplier;
import java.util.function.LongSupplier;

/**
 * Opens a store: superblock → (index checkpoint) → log → index and free space → fence.
 *
 * <p><b>Invariant.</b> Whatever crash came before, and however often recovery itself was cut short,
 * what is kept is a prefix of the epochs at or past the last acknowledgement (G3), and opening
 * again keeps the same (G9).
 *
 * <p><b>Steps, and a crash at each</b> (rule L5): (1) sync file and directory, so that nothing read
 * here can vanish later; (2) read and replay, which writes nothing; (3) write the fence to the
 * superblock copy that was not recovered from, durable: before it is whole the other copy decides,
 * and finds the same end of the log; (4) write it to the other copy: from here on a record of an
 * older incarnation behind the fence can never replay (L6), so its place may be written again.
 * Nothing is exposed before (4).
 *
 * <p>Thread: the one that opens the store.
 */
public final class Recovery {

  private Recovery() {}

  /**
   * Recovers the store on a locked disk, or makes a new one on an empty one.
   *
   * @param ids random 64-bit values for a new store (rule L7).
   * @param superblocks reads and writes the superblocks; stays with the caller.
   * @throws io.ashlar.store.CorruptionException if something durable is lost.
   * @throws io.ashlar.store.FormatVersionException if the store is of another version.
   * @throws io.ashlar.store.StoreOpenException if the file is no store.
   */
  public static RecoveredStore open(
      Disk disk,
      SuperblockPair superblocks,
      StoreConfig config,
      LongSupplier ids,
      LongSupplier clockMs) {
    long startNs = System.nanoTime();
    disk.syncAll(); // L5
    boolean created = disk.size() == 0 || !superblocks.read();
    if (created) {
      StoreCreation.create(disk, superblocks, config, ids, clockMs);
    }
    Superblock found = superblocks.current();
    BlobIndex index = new BlobIndex(found.storeId(), 0);
    try {
      return replay(disk, superblocks, found, index, created, startNs);
    } catch (RuntimeException | Error e) {
      index.close();
      throw e;
    }
  }

  private static RecoveredStore replay(
      Disk disk,
      SuperblockPair superblocks,
      Superblock found,
      BlobIndex index,
      boolean created,
      long startNs) {
    long fileBlocks = disk.size() / Blocks.BYTES;
    OperationApplier applier = new OperationApplier(index, found.tiered());
    BlockMap map = new BlockMap(fileBlocks);
    map.use(0, Blocks.FIRST, "superblocks");
    try (LogReader reader = new LogReader(disk, fileBlocks);
        BlobCheck blobs = new BlobCheck(disk)) {
      LogReplay replay = new LogReplay(disk, reader, blobs, found, applier, map, fileBlocks);
      replay.run();
      LogPosition position = replay.position();
      useSpace(map, index, position);
      superblocks.fence(replay.incarnationMax() + 1, position.sequence()); // L5, L7
      return new RecoveredStore(
          superblocks.current(),
          position,
          replay.recordBlocks(),
          fileBlocks,
          map.highestEnd(),
          index,
          applier,
          map.free(),
          new RecoveryReport(
              created,
              position.epoch(),
              position.sequence(),
              replay.records(),
              replay.checkedBlobs(),
              replay.dropped(),
              Blocks.offset(replay.recordBlocks()),
              System.nanoTime() - startNs,
              note(created, replay)));
    }
  }

  private static String note(boolean created, LogReplay replay) {
    if (created) {
      return "a new store";
    }
    return replay.dropped() > 0
        ? "dropped the last record: its blobs were not all written"
        : "the log ended in order";
  }

  /** Marks what the final index and the log's tail refer to (rules L13, L28, promise G13). */
  private static void useSpace(BlockMap map, BlobIndex index, LogPosition position) {
    index.forEach((idHigh, idLow, location) -> {
      if (location.kind() == BlobLocation.Kind.STORED && location.lengthBytes() > 0) {
        map.use(location.startBlock(), Blocks.count(location.lengthBytes()), "blob");
      }
    });
    map.use(position.block(), position.extentEnd() - position.block(), "log extent");
    if (position.nextStart() != 0) {
      map.use(position.nextStart(), position.nextBlocks(), "next log extent");
    }
  }
}
