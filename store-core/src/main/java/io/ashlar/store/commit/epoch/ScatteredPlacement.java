package io.ashlar.store.commit.epoch;

import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.OperationFormat;
import java.lang.foreign.MemorySegment;

/**
 * Gives extents anywhere to the values that epochs still have in buffers, and hands their bytes to
 * a writer. Each <i>run</i> of free blocks takes as many values as fit. The longest runs come
 * first, because each run costs a write.
 *
 * <p>A run is taken whole; the blocks that the values leave of it are freed. Thread: one, the
 * commit role's holder or an epoch's caller. Reused; allocates nothing.
 */
public final class ScatteredPlacement {

  /** Gives and takes back space. */
  public interface Space {

    /**
     * Returns the first of at least {@code least} and at most {@code most} contiguous blocks that
     * are free now, or −1; {@link #allocatedBlocks} then says how many.
     */
    long allocateFree(long least, long most);

    /** Returns how many blocks the last successful {@link #allocateFree} took. */
    long allocatedBlocks();

    /**
     * Returns the first of {@code blocks} contiguous blocks, growing the file if it must, or −1.
     */
    long allocate(long blocks);

    /** Takes back blocks that nothing was written to. */
    void giveBack(long start, long blocks);
  }

  /** Takes bytes for the data file. */
  @FunctionalInterface
  public interface Writer {

    /**
     * Writes a part of a buffer, or begins to.
     *
     * @param bytes its length, whole blocks.
     * @param fileOffset where to; pieces of one run follow each other.
     */
    void write(MemorySegment buffer, long offset, long bytes, long fileOffset);
  }

  private final Space space;
  private final Writer writer;
  private long unplaced; // blocks of all the epochs of the group that have no place yet
  private long runNext;
  private long runEnd;

  // Of the epoch that is being placed.
  private long left; // blocks that have no place yet
  private int buffer;
  private long bufferOffset;

  public ScatteredPlacement(Space space, Writer writer) {
    this.space = space;
    this.writer = writer;
  }

  /** Begins a group of epochs which has {@code blocks} blocks to place. */
  public void begin(long blocks) {
    unplaced = blocks;
  }

  /**
   * Places every value of {@code epoch} that is not placed and may be written.
   *
   * @return false if there was no space. Values placed so far have their first block set. The
   *     caller frees them with the rest of the epoch once their writes have ended.
   */
  public boolean place(EpochBuffer epoch) {
    left = epoch.writableBlocks();
    boolean fits = placeValues(epoch) && placeClaims(epoch);
    unplaced -= left;
    return fits;
  }

  private boolean placeValues(EpochBuffer epoch) {
    buffer = 0;
    bufferOffset = 0;
    MemorySegment operations = epoch.operations();
    long end = left - epoch.claims().writableBlocks();
    for (long offset = 0; end > 0; ) {
      int kind = OperationFormat.kind(operations, offset);
      if (isUnplaced(operations, offset, kind)) {
        long blocks = OperationFormat.blocks(operations, offset);
        if (!place(operations, offset, blocks)) {
          return false;
        }
        write(epoch.values(), runNext - blocks, blocks);
        end -= blocks;
      }
      offset += OperationFormat.bytes(kind);
    }
    return true;
  }

  private boolean placeClaims(EpochBuffer epoch) {
    EpochClaims claims = epoch.claims();
    MemorySegment operations = epoch.operations();
    for (int claim = 0; claim < claims.count(); claim++) {
      if (claims.isWritable(claim)) {
        long blocks = OperationFormat.blocks(operations, claims.operation(claim));
        if (!place(operations, claims.operation(claim), blocks)) {
          return false;
        }
        buffer = claims.bufferOf(claim);
        bufferOffset = claims.offsetOf(claim);
        write(claims.values(), runNext - blocks, blocks);
      }
    }
    return true;
  }

  /** Gives one value its place in a run; returns false when there is no space. */
  private boolean place(MemorySegment operations, long operation, long blocks) {
    if (runEnd - runNext < blocks && !openRun(blocks)) {
      return false;
    }
    OperationFormat.startBlock(operations, operation, runNext);
    runNext += blocks;
    left -= blocks;
    unplaced -= blocks;
    return true;
  }

  /** Ends the group: frees the rest of the last run. */
  public void end() {
    if (runEnd > runNext) {
      space.giveBack(runNext, runEnd - runNext);
    }
    runNext = 0;
    runEnd = 0;
  }

  /** Takes the next run: one for all that is left, else for half of it, and so on. */
  private boolean openRun(long least) {
    end();
    long most = Math.max(least, unplaced);
    long enough = most;
    long start = space.allocateFree(enough, most);
    while (start < 0 && enough > least) {
      enough = Math.max(least, enough / 2);
      start = space.allocateFree(enough, most);
    }
    long blocks = least;
    if (start >= 0) {
      blocks = space.allocatedBlocks();
    } else {
      start = space.allocate(least);
    }
    if (start >= 0) {
      runNext = start;
      runEnd = start + blocks;
    }
    return start >= 0;
  }

  /** Returns whether the operation at {@code offset} is a put whose value has no extent yet. */
  static boolean isUnplaced(MemorySegment operations, long offset, int kind) {
    return kind == OperationFormat.PUT
        && OperationFormat.startBlock(operations, offset) == 0
        && OperationFormat.length(operations, offset) > 0;
  }

  /** Writes the next {@code blocks} blocks of the buffers, which may span several of them. */
  private void write(EpochValues values, long start, long blocks) {
    long fileOffset = Blocks.offset(start);
    long rest = Blocks.offset(blocks);
    while (rest > 0) {
      long used = values.usedBytes(buffer);
      long length = Math.min(rest, used - bufferOffset);
      if (length > 0) {
        writer.write(values.memory(buffer), bufferOffset, length, fileOffset);
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
