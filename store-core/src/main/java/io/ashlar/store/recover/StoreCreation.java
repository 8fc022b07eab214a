package io.ashlar.store.recover;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogExtent;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.space.ZeroFill;
import io.ashlar.store.spi.ManifestNotes;
import java.util.function.LongSupplier;

/**
 * Makes a new store in an empty file. The file has another name until it is whole, so no open takes
 * it for a store meanwhile (see {@code StoreFile} in {@code local}).
 *
 * <p><b>Steps.</b> (1) Zero the file; (2) sync it and its directory; (3) write superblock copy 0,
 * durable; (4) copy 1, durable. A crash before the end leaves a file that is never opened.
 */
final class StoreCreation {

  private static final long LOG_EXTENT_BLOCKS_MIN = 8;

  private StoreCreation() {}

  /**
   * Makes a store.
   *
   * @throws IllegalArgumentException if the file is not empty.
   */
  static void create(
      Disk disk,
      SuperblockPair superblocks,
      StoreConfig config,
      LongSupplier ids,
      LongSupplier clockMs) {
    if (disk.size() > 0) {
      throw new IllegalArgumentException("a new store needs an empty file: bytes=" + disk.size());
    }
    long fileBlocks = Blocks.count(config.initialFileBytes());
    try (ZeroFill zeroes = new ZeroFill(disk)) {
      zeroes.fill(0, Blocks.offset(fileBlocks), bytes -> {});
    }
    disk.syncAll();
    long extentBlocks =
        Math.clamp(
            Long.highestOneBit(fileBlocks / 8),
            LOG_EXTENT_BLOCKS_MIN,
            config.logExtentBytesMax() / Blocks.BYTES);
    long incarnation = ids.getAsLong() >>> 2; // L7: leaves room to count up
    LogPosition base =
        new LogPosition(
            0,
            0,
            incarnation,
            (int) ids.getAsLong(),
            new LogExtent(Blocks.FIRST, extentBlocks),
            Blocks.FIRST,
            new LogExtent(Blocks.FIRST + extentBlocks, extentBlocks));
    superblocks.create(
        new Superblock(
            ids.getAsLong(),
            clockMs.getAsLong(),
            1,
            false,
            new Superblock.Fence(incarnation, 0),
            Superblock.Checkpoint.none(base),
            ManifestNotes.NONE));
  }
}
