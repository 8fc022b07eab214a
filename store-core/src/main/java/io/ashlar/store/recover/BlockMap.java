package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.space.ExtentAllocator;
import java.util.BitSet;

/**
 * Which blocks of the file are in use, while a store is opened: what is left is free. Finds blocks
 * that two things claim (promise G13).
 *
 * <p>Thread: one. Memory: one bit a block, on the heap, for the time of the open.
 */
final class BlockMap {

  private static final int PART_BLOCKS = 1 << 30;

  private final long fileBlocks;
  private final BitSet[] parts;
  private long highestEnd;

  BlockMap(long fileBlocks) {
    this.fileBlocks = fileBlocks;
    parts = new BitSet[(int) (fileBlocks / PART_BLOCKS) + 1];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = new BitSet();
    }
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
      BitSet part = parts[(int) (next / PART_BLOCKS)];
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
      if (part.get(from)) {
        if (runStart >= 0) {
          allocator.addFree(runStart, block - runStart);
          runStart = -1;
        }
        block = partStart + Math.min(partEnd, part.nextClearBit(from));
      } else {
        runStart = runStart < 0 ? block : runStart;
        int used = part.nextSetBit(from);
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
