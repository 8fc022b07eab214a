package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.store.space.ZeroFill;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;

/**
 * Makes a new store in an empty file.
 *
 * <p><b>Steps, and a crash at each.</b> (1) Zero the file; (2) sync it and its directory; (3) write
 * superblock copy 0, durable; (4) copy 1, durable. Before (3) is durable the file holds no
 * superblock and the next open begins again; after it, recovery finds copy 0 and repairs copy 1.
 * Nothing is acknowledged before (4).
 *
 * <p>So a file without a superblock is taken for one whose making was cut short only when it holds
 * zeroes and perhaps a torn copy 0. Anything else is somebody's, and refused.
 */
final class StoreCreation {

  private static final int WINDOW_BYTES = 1 << 20;
  private static final long LOG_EXTENT_BLOCKS_MIN = 8;

  /** The least that step (1) makes: {@link StoreConfig#initialFileBytes}. */
  private static final long FILE_BYTES_MIN = 128L << 10;

  /** How much of a file is looked at: a store fills its file from the start. */
  private static final long LOOK_BYTES_MAX = 64L << 20;

  private StoreCreation() {}

  /**
   * Makes a store; its superblock is then {@code superblocks.current()}.
   *
   * @throws StoreOpenException if the file holds something that is no store.
   * @throws CorruptionException if it holds what is left of a store.
   */
  static void create(
      Disk disk,
      SuperblockPair superblocks,
      StoreConfig config,
      LongSupplier ids,
      LongSupplier clockMs) {
    refuseWhatIsNotOurs(disk);
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
            Blocks.FIRST,
            extentBlocks,
            Blocks.FIRST,
            Blocks.FIRST + extentBlocks,
            extentBlocks);
    superblocks.create(
        new Superblock(
            ids.getAsLong(), incarnation, 1, clockMs.getAsLong(), false, 0, base, 0, 0, 0, 0, 0));
  }

  private static void refuseWhatIsNotOurs(Disk disk) {
    long end = Math.min(disk.size(), LOOK_BYTES_MAX);
    try (NativeMemory memory = NativeMemory.reserve(WINDOW_BYTES)) {
      MemorySegment window = memory.segment();
      for (long offset = 0; offset < end; offset += WINDOW_BYTES) {
        window.fill((byte) 0);
        var _ = disk.read(window, offset);
        if (offset == 0) {
          MemorySegment first = window.asSlice(0, Blocks.BYTES);
          boolean ours =
              SuperblockFormat.isBlank(first)
                  || (SuperblockFormat.canBeTorn(first) && disk.size() >= FILE_BYTES_MIN);
          if (!ours) {
            throw notOurs(SuperblockFormat.hasMagic(first), 0);
          }
          first.fill((byte) 0);
        }
        if (!SuperblockFormat.isBlank(window)) {
          throw notOurs(false, offset);
        }
      }
    }
  }

  private static StoreException notOurs(boolean hasMagic, long offset) {
    return hasMagic
        ? new CorruptionException(
            "the data file was cut off: restore the store from its tier or a backup",
            null,
            0,
            0,
            0,
            null)
        : new StoreOpenException(
            "the file has no superblock and yet holds something: it is no Ashlar data file, or was"
                + " damaged: choose another folder, move the file away, or restore the store:"
                + " near offset="
                + offset,
            null);
  }
}
