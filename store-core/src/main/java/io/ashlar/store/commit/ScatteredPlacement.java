package io.ashlar.store.commit;

import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.OperationFormat;
import java.lang.foreign.MemorySegment;

/**
 * Gives the values that an epoch still has in buffers extents anywhere, and hands their bytes to a
 * writer: one contiguous extent for all of them where there is one, else one for each.
 */
final class ScatteredPlacement {

  /** Takes space. */
  interface Allocation {

    /** Returns the first of {@code blocks} contiguous blocks that are free now, or −1. */
    long allocateFree(long blocks);

    /**
     * Returns the first of {@code blocks} contiguous blocks, growing the file if it must, or −1.
     */
    long allocate(long blocks);
  }

  /** Takes bytes, whole blocks, for an offset of the data file. */
  @FunctionalInterface
  interface Writer {

    /** Writes, or begins to. */
    void write(MemorySegment bytes, long offset);
  }

  private final EpochBuffer epoch;
  private final Writer writer;
  private int buffer;
  private long bufferOffset;

  private ScatteredPlacement(EpochBuffer epoch, Writer writer) {
    this.epoch = epoch;
    this.writer = writer;
  }

  /**
   * Places every value of {@code epoch} that is not placed.
   *
   * @return false when there was no space; those placed so far have their first block set, and the
   *     caller frees them with the rest of the epoch once their writes have ended.
   */
  static boolean place(EpochBuffer epoch, Allocation allocation, Writer writer) {
    if (epoch.unplacedBlocks() == 0) {
      return true;
    }
    long contiguous = allocation.allocateFree(epoch.unplacedBlocks());
    return new ScatteredPlacement(epoch, writer).place(contiguous, allocation);
  }

  private boolean place(long contiguous, Allocation allocation) {
    MemorySegment operations = epoch.operations();
    long next = contiguous;
    for (long offset = 0; offset < epoch.operationBytes(); ) {
      int kind = OperationFormat.kind(operations, offset);
      if (isUnplaced(operations, offset, kind)) {
        long blocks = Blocks.count(OperationFormat.length(operations, offset));
        long start = contiguous >= 0 ? next : allocateOne(allocation, blocks);
        if (start < 0) {
          return false;
        }
        next += blocks;
        OperationFormat.startBlock(operations, offset, start);
        write(start, blocks);
      }
      offset += OperationFormat.bytes(kind);
    }
    return true;
  }

  private static long allocateOne(Allocation allocation, long blocks) {
    long start = allocation.allocateFree(blocks);
    return start >= 0 ? start : allocation.allocate(blocks);
  }

  /** Returns whether the operation at {@code offset} is a put whose value has no extent yet. */
  static boolean isUnplaced(MemorySegment operations, long offset, int kind) {
    return kind == OperationFormat.PUT
        && OperationFormat.startBlock(operations, offset) == 0
        && OperationFormat.length(operations, offset) > 0;
  }

  /** Writes the next {@code blocks} blocks of the buffers, which may span several of them. */
  private void write(long start, long blocks) {
    long fileOffset = Blocks.offset(start);
    long rest = Blocks.offset(blocks);
    while (rest > 0) {
      long used = epoch.usedBytes(buffer);
      long length = Math.min(rest, used - bufferOffset);
      if (length > 0) {
        writer.write(epoch.bufferMemory(buffer).asSlice(bufferOffset, length), fileOffset);
      }
      fileOffset += length;
      rest -= length;
      bufferOffset += length;
      if (bufferOffset == used) {
        buffer++;
        bufferOffset = 0;
      }
    }
  }
}
