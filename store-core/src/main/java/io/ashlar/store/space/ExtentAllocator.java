package io.ashlar.store.space;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Allocates extents (runs of 4 KiB blocks) of the data file. It takes the front of the
 * lowest-addressed free run that is long enough (address-ordered first fit). Neighbouring free runs
 * are one run.
 *
 * <p>First fit by address depends only on which blocks are free, never on the order in which they
 * became free. So the file's layout is deterministic and stays compact for vacuum. It fragments as
 * little as best fit (Johnstone and Wilson, <i>The memory fragmentation problem: solved?</i>, ISMM
 * 1998).
 *
 * <p>The free blocks are bits of a tree in native memory ({@link FreeTree}). All operations take
 * O(log blocks) and allocate no heap memory, however scattered the free space is.
 *
 * <p>Invariants: <b>A1</b> runs do not overlap or touch; <b>A2</b> no run is empty; <b>A3</b>
 * {@link #freeBlocks()} is the sum of all runs; <b>A4</b> an extent handed out is not handed out
 * again before it was freed (promise G13).
 *
 * <p>Thread: one at a time, the holder of the commit role. Memory: one bit a block, less where
 * whole stretches are free or in use; until {@link #close}.
 */
public final class ExtentAllocator implements AutoCloseable {
  /** Start blocks and lengths stay below this: an index entry has 48 bits for a block number. */
  public static final long BLOCKS_MAX = 1L << 48;

  private static final VarHandle FREE;

  static {
    try {
      FREE = MethodHandles.lookup().findVarHandle(ExtentAllocator.class, "freeBlocks", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final FreeTree free = new FreeTree();
  private long allocatedBlocks;

  @SuppressWarnings("unused") // through FREE: written by the owner, read by any (opaque)
  private long freeBlocks;

  /** Called for each free run by {@link #forEachFree}. */
  @FunctionalInterface
  public interface RunVisitor {
    /**
     * Takes one maximal free run.
     *
     * @param start its first block.
     * @param blocks its length, at least 1.
     */
    void visit(long start, long blocks);
  }

  /** Creates an allocator without any free block. */
  public ExtentAllocator() {}

  /** Frees the memory. Only {@link #freeBlocks} may be called after this. */
  @Override
  public void close() {
    free.close();
  }

  /**
   * Takes {@code blocks} blocks from the front of the lowest-addressed free run that has as many.
   *
   * @return the first block, or -1 when no free run is long enough (nothing changed).
   * @throws IllegalArgumentException if {@code blocks} is not positive.
   */
  public long allocate(long blocks) {
    return allocate(blocks, blocks);
  }

  /**
   * Takes from {@code least} to {@code most} blocks from the front of the lowest-addressed free run
   * that has {@code least}. It takes as many as the run has; {@link #allocatedBlocks} then says how
   * many.
   *
   * @return the first block, or -1 when no free run is long enough (nothing changed).
   * @throws IllegalArgumentException if {@code least} is not positive, or above {@code most}.
   */
  public long allocate(long least, long most) {
    if (least <= 0 || least > most) {
      throw new IllegalArgumentException("blocks out of range: least=" + least + ", most=" + most);
    }
    long start = free.firstFit(least);
    if (start < 0) {
      return -1;
    }
    long blocks = least == most ? most : Math.min(most, free.firstUsed(start) - start);
    boolean taken = free.mark(start, start + blocks, false);
    assert taken : "A4: an extent is not free";
    allocatedBlocks = blocks;
    addFreeBlocks(-blocks);
    return start;
  }

  /**
   * Returns the first block of the lowest-addressed free run that has {@code blocks} blocks, or -1.
   */
  public long firstFit(long blocks) {
    return free.firstFit(blocks);
  }

  /** Returns how many blocks the last successful {@link #allocate} took. */
  public long allocatedBlocks() {
    return allocatedBlocks;
  }

  /**
   * Takes exactly the extent {@code [start, start + blocks)}.
   *
   * @return false when not all of it is free (nothing changed).
   * @throws IllegalArgumentException if the extent is empty or outside of {@link #BLOCKS_MAX}.
   */
  public boolean allocateAt(long start, long blocks) {
    checkExtent(start, blocks);
    if (!free.mark(start, start + blocks, false)) {
      return false;
    }
    addFreeBlocks(-blocks);
    return true;
  }

  /**
   * Gives an extent back; it may be allocated again at once (rule L2 is {@link DeferredFrees}'s).
   *
   * @throws IllegalStateException if any of it is free already: a double free, nothing changed.
   * @throws IllegalArgumentException if the extent is empty or outside of {@link #BLOCKS_MAX}.
   */
  public void free(long start, long blocks) {
    checkExtent(start, blocks);
    if (!free.mark(start, start + blocks, true)) {
      throw new IllegalStateException(
          "extent freed twice: start="
              + start
              + ", blocks="
              + blocks
              + ", freeBlocks="
              + freeBlocks());
    }
    addFreeBlocks(blocks);
  }

  /**
   * Adds blocks that were never handed out: growth of the file, or the gaps found at open. Adding
   * in ascending address order is the cheap way to rebuild.
   *
   * @throws IllegalStateException if any of them is free already (nothing changed).
   * @throws IllegalArgumentException if the extent is empty or outside of {@link #BLOCKS_MAX}.
   */
  public void addFree(long start, long blocks) {
    free(start, blocks);
  }

  /** Returns the number of free blocks. Thread: any; others than the owner see a recent count. */
  public long freeBlocks() {
    return (long) FREE.getOpaque(this);
  }

  private void addFreeBlocks(long blocks) {
    FREE.setOpaque(this, freeBlocks() + blocks);
  }

  /** Returns the length in blocks of the longest free run, 0 when nothing is free. */
  public long longestFree() {
    return free.longest();
  }

  /**
   * Returns where the free space at the end of {@code [0, endBlock)} begins. That is the start of
   * the free run that holds block {@code endBlock - 1}, or {@code endBlock} if that block is in
   * use.
   */
  public long firstFreeTail(long endBlock) {
    return free.runStart(endBlock);
  }

  /** Visits all free runs in ascending address order; the visitor must not change this. */
  public void forEachFree(RunVisitor visitor) {
    free.forEach(visitor);
  }

  private static void checkExtent(long start, long blocks) {
    if (start < 0 || blocks <= 0 || start > BLOCKS_MAX - blocks) {
      throw new IllegalArgumentException(
          "extent out of range: start=" + start + ", blocks=" + blocks);
    }
  }
}
