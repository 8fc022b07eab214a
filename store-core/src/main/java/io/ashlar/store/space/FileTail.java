package io.ashlar.store.space;

/**
 * The free space at the end of the data file, which a vacuum gives back.
 *
 * <p>Thread: the commit role's holder (rule L19).
 */
final class FileTail {

  private final ExtentAllocator allocator;
  private final DataFile file;

  FileTail(ExtentAllocator allocator, DataFile file) {
    this.allocator = allocator;
    this.file = file;
  }

  /**
   * Takes the free space at the end of the file out of the allocator. Keeps the blocks that index
   * checkpoints may need and the room for growth ahead of need. Every block given up is free under
   * L2 and L13 (rule L28): others are not in the allocator.
   *
   * @param leastBlocks what must be gained at least.
   * @param reserveBlocks how many blocks stay free for index checkpoints (rule L15).
   * @return the file's new length in blocks, or −1 when there is less to gain, or the file grows at
   *     this moment; then nothing changed.
   */
  long beginCut(long leastBlocks, long reserveBlocks) {
    long end = file.blocks();
    long usedEnd = usedEnd();
    long freeBelow = allocator.freeBlocks() - freeBlocksFrom(usedEnd);
    long newEnd =
        Math.max(
            usedEnd + Math.max(0, reserveBlocks - freeBelow), // L15
            file.lengthAhead(usedEnd));
    if (end - newEnd < leastBlocks || !file.beginCut(newEnd, usedEnd)) {
      return -1;
    }
    for (long at = end; at > newEnd; ) {
      long start = Math.max(newEnd, allocator.firstFreeTail(at));
      if (start < at) {
        boolean taken = allocator.allocateAt(start, at - start);
        assert taken : "L28: a block at the end of the file is not free";
      } else {
        start = file.holes().startOfRunBefore(at);
        file.holes().shorten(start, newEnd);
      }
      at = start;
    }
    return newEnd;
  }

  /** Returns the first block after all blocks that are in use: neither free nor in a hole. */
  long usedEnd() {
    long at = file.blocks();
    while (true) {
      long start = allocator.firstFreeTail(at);
      long hole = file.holes().startOfRunBefore(start);
      if (hole < 0) {
        return start;
      }
      at = hole;
    }
  }

  /** Returns how many blocks are free after {@link #usedEnd}. */
  private long freeBlocksFrom(long usedEnd) {
    long free = 0;
    for (long at = file.blocks(); at > usedEnd; ) {
      long start = allocator.firstFreeTail(at);
      free += at - start;
      at = start < at ? start : file.holes().startOfRunBefore(at);
    }
    return free;
  }
}
