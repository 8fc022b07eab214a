package io.ashlar.store.commit.group;

import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.checkpoint.RecoveredLog;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogExtent;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.space.BlockSpace;

/**
 * Where the log ends: the current log extent, the block where the next record goes, and the
 * reserved next extent.
 *
 * <p>Rules:
 *
 * <ul>
 *   <li><b>L10</b> A record goes directly after its predecessor's blobs or to the start of the next
 *       extent that its predecessor names.
 *   <li><b>L11</b> The rest of an extent that was left is freed only when a record in the next one
 *       is durable in order.
 *   <li><b>L14</b> Only a record that names a reserved next extent uses the last free block of an
 *       extent.
 * </ul>
 *
 * <p>Thread: the commit role's holder.
 */
public final class LogTail {

  /** The shortest log extent that puts leave free, so that deletes find room (L15). */
  private static final long EXTENT_BLOCKS_MIN = BlockSpace.RUN_BLOCKS_MIN;

  /**
   * The length above which a longer log extent saves nothing. An open looks for marks in the rest
   * of an extent (L18).
   */
  private static final long EXTENT_BLOCKS_REGULAR = 4096;

  /** The shortest log extent of all: a record, and one that names the next extent. */
  private static final long EXTENT_BLOCKS_LEAST = 2;

  /** How many times too long a log extent may be before vacuum replaces it. */
  private static final int LONGER_THAN_WANTED = 2;

  private final BlockSpace space;
  private final long extentBlocksMax;
  private final RecordLedger ledger;

  private long sequence;
  private long epoch;
  private int chain;
  private long incarnation;
  private long extentStart;
  private long extentEnd;
  private long block;
  private long nextStart;
  private long nextBlocks;
  private boolean nextIsNamed; // by a durable record, or by the superblock that replay started from
  private long spareStart; // reserved for when the next extent is entered
  private long spareBlocks;
  private long leftStart; // the rest of the extent that was left, until a record is durable (L11)
  private long leftBlocks;

  public LogTail(BlockSpace space, RecoveredLog log, long extentBlocksMax) {
    ledger = log.ledger();
    this.space = space;
    this.extentBlocksMax = extentBlocksMax;
    LogPosition position = log.position();
    sequence = position.sequence();
    epoch = position.epoch();
    chain = position.chain();
    incarnation = position.incarnation();
    extentStart = position.extent().start();
    extentEnd = position.extentEnd();
    block = position.block();
    nextStart = position.nextStart();
    nextBlocks = position.next().blocks();
    nextIsNamed = nextStart != 0;
  }

  /**
   * Returns where the log continues, in the form for a superblock: with the next extent only if a
   * record has named it.
   */
  public LogPosition position() {
    return new LogPosition(
        sequence,
        epoch,
        incarnation,
        chain,
        new LogExtent(extentStart, extentEnd - extentStart),
        block,
        nextIsNamed ? new LogExtent(nextStart, nextBlocks) : LogExtent.NONE);
  }

  /** Returns the last record's number. */
  public long sequence() {
    return sequence;
  }

  /** Returns the last epoch's number. */
  public long epoch() {
    return epoch;
  }

  /** Returns the last record's chain value. */
  int chain() {
    return chain;
  }

  /** Returns where the next record goes. */
  long block() {
    return block;
  }

  /** Returns the reserved next extent's first block, or 0. */
  public long nextStart() {
    return nextStart;
  }

  /** Returns the reserved next extent's length in blocks, or 0. */
  public long nextBlocks() {
    return nextBlocks;
  }

  /**
   * Reserves the next extent unless there is one.
   *
   * @param forDeletes whether the shortest extent will do: deletes make space, so they take the
   *     last.
   */
  void reserveNext(boolean forDeletes) {
    if (nextStart == 0) {
      reserveSpare(forDeletes);
      nextStart = spareStart;
      nextBlocks = spareBlocks;
      spareStart = 0;
      spareBlocks = 0;
    }
  }

  /**
   * Takes the extent after the next one, so that {@link #moveToNext} still leaves a reserved one;
   * returns whether there is one.
   */
  boolean reserveSpare(boolean forDeletes) {
    if (spareStart != 0) {
      return true;
    }
    long longest = wantedBlocks(space.fileBlocks());
    long group = Math.clamp(space.groupBlocks(), EXTENT_BLOCKS_MIN, longest);
    long wanted = Math.max(group, Math.min(longest, space.extentBlocksMax()));
    long least = forDeletes ? EXTENT_BLOCKS_LEAST : EXTENT_BLOCKS_MIN;
    // The first hole that the next group fits into; else, while the file grows, any.
    boolean found = reserveFree(group, wanted);
    if (!found) {
      space.outOfHoles();
      found = reserveFree(least, wanted);
    }
    for (long blocks = wanted; blocks >= least && spareStart == 0; blocks /= 2) {
      reserveSpare(space.allocate(blocks), blocks);
    }
    return spareStart != 0;
  }

  private boolean reserveFree(long least, long most) {
    long start = space.allocateFree(least, most);
    if (start >= 0) {
      reserveSpare(start, space.allocatedBlocks());
    }
    return start >= 0;
  }

  /** Returns how long a log extent should be in a file of {@code fileBlocks} blocks. */
  public long wantedBlocks(long fileBlocks) {
    long regular = Math.min(EXTENT_BLOCKS_REGULAR, Long.highestOneBit(fileBlocks / 16));
    long wanted = Math.max(regular, space.groupBlocks());
    return Math.max(EXTENT_BLOCKS_MIN, Math.min(extentBlocksMax, wanted));
  }

  /**
   * Takes the extent after the next one, below the higher of the current and the next. Its length
   * suits a file of {@code fileBlocks} blocks. Returns whether there is one.
   */
  boolean reserveSpareBelow(long fileBlocks) {
    if (spareStart != 0) {
      return true;
    }
    long wanted = wantedBlocks(fileBlocks);
    long group = Math.clamp(space.groupBlocks(), EXTENT_BLOCKS_MIN, wanted);
    long start = space.allocateBelow(group, wanted, Math.max(block, nextStart));
    if (start >= 0) {
      reserveSpare(start, space.allocatedBlocks());
    }
    return start >= 0;
  }

  /**
   * Returns whether the log has blocks at or above {@code limit}, or keeps several times what suits
   * a file of {@code fileBlocks} blocks.
   */
  public boolean isOutOfPlace(long limit, long fileBlocks) {
    long longest = LONGER_THAN_WANTED * wantedBlocks(fileBlocks);
    return extentEnd > limit
        || nextStart + nextBlocks > limit
        || extentEnd - block > longest
        || nextBlocks > longest;
  }

  /**
   * Takes an extent of at least {@code wanted} blocks for the time after the next one; returns
   * whether there is one.
   *
   * @param forDeletes whether it may be shorter than the extent that puts leave free (L15).
   */
  boolean reserveSpareOf(long wanted, boolean forDeletes) {
    long blocks = forDeletes ? wanted : Math.max(wanted, EXTENT_BLOCKS_MIN);
    if (spareStart != 0 && spareBlocks < blocks) {
      space.free(spareStart, spareBlocks); // no record has named it
      spareStart = 0;
      spareBlocks = 0;
    }
    if (spareStart == 0) {
      reserveSpare(space.allocate(blocks), blocks);
    }
    return spareStart != 0;
  }

  private void reserveSpare(long start, long blocks) {
    if (start >= 0) {
      spareStart = start;
      spareBlocks = blocks;
    }
  }

  /**
   * Returns whether a record with {@code blocks} blocks, including the blobs after it, fits here.
   */
  public boolean fitsHere(long blocks) {
    long room = extentEnd - block;
    return nextStart != 0 ? blocks <= room : blocks < room; // L14
  }

  /**
   * Returns whether it would fit into the reserved next extent, with the extent reserved after
   * that.
   */
  boolean fitsNext(long blocks) {
    return nextStart != 0
        && leftBlocks == 0
        && (spareStart != 0 ? blocks <= nextBlocks : blocks < nextBlocks); // L14
  }

  /**
   * Returns whether an empty record here must name the reserved next extent before the log can
   * continue there (L10).
   */
  public boolean mustNameNext() {
    return nextStart != 0 && !nextIsNamed;
  }

  /**
   * Moves to the start of the next extent; the spare one, if there is one, is the next from now on.
   */
  public void moveToNext() {
    assert nextIsNamed : "L10: no next log extent is named";
    assert leftBlocks == 0 : "L11: the rest of the previous extent is not free yet";
    leftStart = block;
    leftBlocks = extentEnd - block;
    extentStart = nextStart;
    extentEnd = nextStart + nextBlocks;
    block = nextStart;
    nextStart = spareStart;
    nextBlocks = spareBlocks;
    spareStart = 0;
    spareBlocks = 0;
    nextIsNamed = false;
  }

  /** Notes that a record is durable, in order, with all the blobs after it. */
  void advance(long blocks, long behindBlocks, int recordChain, int epochs, long newIncarnation) {
    sequence++;
    incarnation = newIncarnation;
    ledger.add(sequence, block, blocks);
    epoch += epochs;
    chain = recordChain;
    block += blocks + behindBlocks;
    nextIsNamed = nextStart != 0;
    assert block <= extentEnd : "L10: the record left its log extent";
    assert block < extentEnd || nextStart != 0 : "L14: no place for the next record";
    if (leftBlocks > 0) {
      space.free(leftStart, leftBlocks); // L11
      leftBlocks = 0;
    }
  }

  /** Returns the blocks of all records that replay needs. */
  public long recordBlocks() {
    return ledger.blocks();
  }

  /** Returns the blocks that are kept for records to come. */
  public long reservedBlocks() {
    return extentEnd - block + nextBlocks + spareBlocks + leftBlocks;
  }

  /** Returns the byte offset where the next record goes. */
  public long offset() {
    return Blocks.offset(block);
  }

  @Override
  public String toString() {
    return "sequence="
        + sequence
        + ", block="
        + block
        + ", extent="
        + extentStart
        + ".."
        + extentEnd
        + ", next="
        + nextStart
        + "+"
        + nextBlocks;
  }
}
