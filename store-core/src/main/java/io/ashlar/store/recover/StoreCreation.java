package io.ashlar.store.recover;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.Superblock;
import io.ashlar.uring.NativeMemory;
import java.util.function.LongSupplier;

/**
 * Makes a new store in an empty file.
 *
 * <p><b>Steps, and a crash at each.</b> (1) Zero the file; (2) sync it and its directory; (3) write
 * superblock copy 0, durable; (4) copy 1, durable. Before (3) is durable the file holds no
 * superblock and the next open begins again; after it, recovery finds copy 0 and repairs copy 1.
 * Nothing is acknowledged before (4).
 */
final class StoreCreation {

  private static final int ZERO_BYTES = 1 << 20;
  private static final long LOG_EXTENT_BLOCKS_MIN = 8;

  private StoreCreation() {}

  /** Makes a store; its superblock is then {@code superblocks.current()}. */
  static void create(
      Disk disk,
      SuperblockPair superblocks,
      StoreConfig config,
      LongSupplier ids,
      LongSupplier clockMs) {
    long fileBlocks = Blocks.count(config.initialFileBytes());
    zero(disk, Blocks.offset(fileBlocks));
    disk.syncAll();
    long extentBlocks =
        Math.clamp(
            Long.highestOneBit(fileBlocks / 8),
            LOG_EXTENT_BLOCKS_MIN,
            config.logExtentBytesMax() / Blocks.BYTES);
    long incarnation = ids.getAsLong() >>> 1; // leaves room to count up
    LogPosition base =
        new LogPosition(
            0,
            0,
            incarnation,
            (int) ids.getAsLong(),
            Blocks.FIRST,
            extentBlocks,
            Blocks.FIRST,
            Blocks.FIRST + extentBlocks,
            extentBlocks);
    superblocks.create(
        new Superblock(
            ids.getAsLong(), incarnation, 1, clockMs.getAsLong(), false, 0, base, 0, 0, 0, 0, 0));
  }

  private static void zero(Disk disk, long bytes) {
    try (NativeMemory zeroes = NativeMemory.reserve(ZERO_BYTES)) {
      for (long offset = 0; offset < bytes; offset += ZERO_BYTES) {
        long length = Math.min(ZERO_BYTES, bytes - offset);
        disk.write(zeroes.segment().asSlice(0, length), offset);
      }
    }
  }
}
