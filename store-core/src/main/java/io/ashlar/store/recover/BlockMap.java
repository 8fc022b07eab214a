package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.space.ExtentAllocator;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks of the file are in use, while a store is opened: what is left is free. Finds blocks
 * that two things claim (promise G13).
 *
 * <p>Thread: one. Memory: one bit a block, on the heap, for the time of the open; nothing for
 * stretches of 128 MiB without a block in use, so that a file with a hole of terabytes costs little
 * (promise G12).
 */
final class BlockMap {

  private static final int PART_BLOCKS = 1 << 15;

  /** A petabyte: more than a store ever was, less than a hole in a file can claim. */
  private static final long FILE_BLOCKS_MAX = 1L << 38;

  private final long fileBlocks;
  private final @Nullable BitSet[] parts; // null where nothing is in use
  private long highestEnd;

  /**
   * Creates one in which nothing is in use.
   *
   * @throws StoreOpenException if the file is longer than any store.
   */
  BlockMap(long fileBlocks) {
    if (fileBlocks > FILE_BLOCKS_MAX) {
      throw new StoreOpenException(
          "the data file is longer than a store can be: restore the store: fileBlocks="
              + fileBlocks
              + ", most="
              + FILE_BLOCKS_MAX,
          null);
    }
    this.fileBlocks = fileBlocks;
    parts = new BitSet[(int) (fileBlocks / PART_BLOCKS) + 1];
  }

  private BitSet part(long block) {
    int number = (int) (block / PART_BLOCKS);
    BitSet part = parts[number];
    if (part == null) {
      part = new BitSet(PART_BLOCKS);
      parts[number] = part;
    }
    return part;
  }

  /**
   * Marks an extent as used.
   *
   * @param what what uses it, for messages.
   * @throws CorruptionException if it leaves the file or is in use already.
   */
  void use(long start, long blocks, String what) {
    if (start < 0 || blocks < 0 || start > fileBlocks - blocks) {
      throw new CorruptionException(
          "an extent lies outside the data file: restore the store: what="
              + what
              + ", block="
              + start
              + ", blocks="
              + blocks
              + ", fileBlocks="
              + fileBlocks,
          null,
          start,
          fileBlocks,
          start + blocks,
          null);
    }
    long next = start;
    long end = start + blocks;
    while (next < end) {
      BitSet part = part(next);
      int from = (int) (next % PART_BLOCKS);
      int to = (int) Math.min(PART_BLOCKS, from + end - next);
      int taken = part.nextSetBit(from);
      if (taken >= 0 && taken < to) {
        throw new CorruptionException(
            "a block is in use twice: restore the store: what="
                + what
                + ", block="
                + (next - from + taken),
            null,
            next - from + taken,
            0,
            1,
            null);
      }
      part.set(from, to);
      next += to - from;
    }
    highestEnd = Math.max(highestEnd, end);
  }

  /** Returns the first block behind everything in use. */
  long highestEnd() {
    return highestEnd;
  }

  /** Returns an allocator that holds all blocks that are not in use. */
  ExtentAllocator free() {
    ExtentAllocator allocator = new ExtentAllocator();
    long runStart = -1;
    for (long block = 0; block < fileBlocks; ) {
      BitSet part = parts[(int) (block / PART_BLOCKS)];
      long partStart = block / PART_BLOCKS * PART_BLOCKS;
      int from = (int) (block - partStart);
      int partEnd = (int) Math.min(PART_BLOCKS, fileBlocks - partStart);
      if (part != null && part.get(from)) {
        if (runStart >= 0) {
          allocator.addFree(runStart, block - runStart);
          runStart = -1;
        }
        block = partStart + Math.min(partEnd, part.nextClearBit(from));
      } else {
        runStart = runStart < 0 ? block : runStart;
        int used = part == null ? -1 : part.nextSetBit(from);
        block = partStart + (used < 0 ? partEnd : Math.min(partEnd, used));
      }
    }
    if (runStart >= 0) {
      allocator.addFree(runStart, fileBlocks - runStart);
    }
    assert Blocks.FIRST <= highestEnd : "the superblocks are not in use";
    return allocator;
  }
}
