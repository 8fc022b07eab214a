package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.OperationApplier;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Replays the log into an index.
 *
 * <pre>
 *   follow the chain (L6, L10) ──▶ record covered by a mark ──▶ apply
 *          │                             └─ not yet ──▶ wait for a later record's mark (L3)
 *          ▼ no valid record follows
 *   check the blobs of those that still wait, in order; the first that fails ends the log (L4)
 *          ▼
 *   look for marks beyond the end (L18): one means that something durable was lost, so refuse
 * </pre>
 *
 * <p>Thread: one.
 */
final class LogReplay {

  /** More records than this never wait for a mark: a log that says so is damaged. */
  private static final int UNMARKED_MAX = 1024;

  /** A record of the chain that no mark covers yet: where it lies, and the position behind it. */
  private record Unmarked(long block, LogPosition behind) {}

  private final Disk disk;
  private final LogReader reader;
  private final BlobCheck blobs;
  private final Superblock superblock;
  private final OperationApplier applier;
  private final BlockMap map;
  private final long fileBlocks;
  private final Deque<Unmarked> unmarked = new ArrayDeque<>();

  private LogPosition end; // behind the last record of the chain
  private LogPosition applied; // behind the last record that was applied
  private long highestMark;
  private long incarnationMax;
  private long recordBlocks;
  private long records;
  private long checkedBlobs;
  private long dropped;

  LogReplay(
      Disk disk,
      LogReader reader,
      BlobCheck blobs,
      Superblock superblock,
      OperationApplier applier,
      BlockMap map,
      long fileBlocks) {
    this.disk = disk;
    this.reader = reader;
    this.blobs = blobs;
    this.superblock = superblock;
    this.applier = applier;
    this.map = map;
    this.fileBlocks = fileBlocks;
    end = superblock.base();
    applied = superblock.base();
    highestMark = Math.max(superblock.fenceSequence(), superblock.base().sequence());
    incarnationMax = Math.max(superblock.incarnation(), superblock.base().incarnation());
  }

  /** Replays everything that can be kept; then {@link #position} is the end of the log. */
  void run() {
    long block = nextBlock();
    while (block >= 0) {
      follow(block);
      block = nextBlock();
    }
    while (!unmarked.isEmpty()) {
      MemorySegment record = reread(unmarked.getFirst());
      if (!blobsAreWhole(record)) {
        dropped = unmarked.size();
        break;
      }
      apply(record, unmarked.removeFirst().behind());
    }
    if (applied.sequence() < highestMark) {
      throw lost(applied.sequence() + 1, highestMark, applied.block());
    }
    refuseMarksBeyond();
  }

  /** Returns where the next record of the chain lies, or −1 (rules L6, L10). */
  private long nextBlock() {
    long here = incarnationAt(end.block(), end.extentEnd());
    long next =
        end.nextStart() == 0
            ? -1
            : incarnationAt(end.nextStart(), end.nextStart() + end.nextBlocks());
    if (here < 0 && next < 0) {
      return -1;
    }
    return next > here ? end.nextStart() : end.block(); // L10: the higher incarnation wins
  }

  /** Returns the incarnation of the record that continues the chain at {@code block}, or −1. */
  private long incarnationAt(long block, long extentEnd) {
    MemorySegment record = reader.record(block, extentEnd);
    if (record == null) {
      return -1;
    }
    long sequence = end.sequence() + 1;
    long incarnation = LogRecordFormat.incarnation(record);
    boolean valid =
        LogRecordFormat.storeId(record) == superblock.storeId()
            && LogRecordFormat.sequence(record) == sequence
            && LogRecordFormat.previousChain(record) == end.chain()
            && LogRecordFormat.block(record) == block
            && LogRecordFormat.firstEpoch(record) == end.epoch() + 1
            && LogRecordFormat.mark(record) < sequence
            && incarnation >= end.incarnation()
            && (sequence <= superblock.fenceSequence() || incarnation >= superblock.incarnation())
            && blockBehind(record, block) <= extentEnd; // L6
    return valid ? incarnation : -1;
  }

  private static long blockBehind(MemorySegment record, long block) {
    return block + record.byteSize() / Blocks.BYTES + LogRecordFormat.behindBlocks(record);
  }

  /** Takes the valid record at {@code block} into the chain. */
  private void follow(long block) {
    boolean inNext = block < end.extentStart() || block >= end.extentEnd();
    long extentStart = inNext ? end.nextStart() : end.extentStart();
    long extentEnd = inNext ? end.nextStart() + end.nextBlocks() : end.extentEnd();
    MemorySegment record = reader.record(block, extentEnd);
    if (record == null) {
      throw changed(block);
    }
    end =
        new LogPosition(
            LogRecordFormat.sequence(record),
            end.epoch() + LogRecordFormat.epochs(record),
            LogRecordFormat.incarnation(record),
            LogRecordFormat.chain(record),
            extentStart,
            extentEnd - extentStart,
            blockBehind(record, block),
            LogRecordFormat.nextStart(record),
            LogRecordFormat.nextBlocks(record));
    incarnationMax = Math.max(incarnationMax, end.incarnation());
    highestMark = Math.max(highestMark, LogRecordFormat.mark(record));
    if (end.sequence() <= highestMark && unmarked.isEmpty()) {
      apply(record, end);
      return;
    }
    unmarked.addLast(new Unmarked(block, end));
    if (unmarked.size() > UNMARKED_MAX) {
      throw new CorruptionException(
          "more than " + UNMARKED_MAX + " log records wait for a mark: restore the store",
          null,
          block,
          UNMARKED_MAX,
          unmarked.size(),
          null);
    }
    while (!unmarked.isEmpty() && unmarked.getFirst().behind().sequence() <= highestMark) {
      Unmarked covered = unmarked.removeFirst();
      apply(reread(covered), covered.behind());
    }
  }

  /** Reads a record of the chain again. */
  private MemorySegment reread(Unmarked waiting) {
    LogPosition behind = waiting.behind();
    MemorySegment record = reader.record(waiting.block(), behind.extentEnd());
    if (record == null || LogRecordFormat.chain(record) != behind.chain()) {
      throw changed(waiting.block());
    }
    return record;
  }

  private static CorruptionException changed(long block) {
    return new CorruptionException(
        "a log record read differently the second time: check the device: block=" + block,
        null,
        block,
        0,
        0,
        null);
  }

  private boolean blobsAreWhole(MemorySegment record) {
    long offset = LogRecordFormat.operationsOffset(record);
    int operations = LogRecordFormat.operations(record);
    for (int i = 0; i < operations; i++) {
      int kind = OperationFormat.kind(record, offset);
      if (kind == OperationFormat.PUT) {
        long length = OperationFormat.length(record, offset);
        long start = OperationFormat.startBlock(record, offset);
        if (length > 0) {
          checkedBlobs++;
          if (start < Blocks.FIRST
              || start + Blocks.count(length) > fileBlocks
              || !blobs.matches(start, length, OperationFormat.crc32c(record, offset))) {
            return false;
          }
        }
      }
      offset += OperationFormat.bytes(kind);
    }
    return true;
  }

  private void apply(MemorySegment record, LogPosition behind) {
    long blocks = record.byteSize() / Blocks.BYTES;
    map.use(LogRecordFormat.block(record), blocks, "log record");
    recordBlocks += blocks;
    records++;
    var _ =
        applier.apply(
            record,
            LogRecordFormat.operationsOffset(record),
            LogRecordFormat.operations(record),
            behind.sequence(),
            (start, count) -> {});
    applied = behind;
  }

  /** Refuses a log that breaks before a record which is known to have been durable (rule L18). */
  private void refuseMarksBeyond() {
    long broken = applied.sequence() + 1;
    refuseMarksIn(applied.block(), applied.extentEnd(), broken);
    refuseMarksIn(applied.nextStart(), applied.nextStart() + applied.nextBlocks(), broken);
  }

  private void refuseMarksIn(long start, long endBlock, long broken) {
    for (long block = start; block < endBlock; block++) {
      MemorySegment record = reader.record(block, endBlock);
      if (record != null
          && LogRecordFormat.storeId(record) == superblock.storeId()
          && LogRecordFormat.block(record) == block
          && LogRecordFormat.mark(record) >= broken) {
        throw lost(broken, LogRecordFormat.mark(record), block);
      }
    }
  }

  private CorruptionException lost(long sequence, long mark, long block) {
    return new CorruptionException(
        "a log record that was durable is damaged: restore the store from its tier or a backup:"
            + " sequence="
            + sequence
            + ", mark="
            + mark
            + ", block="
            + block
            + ", engine="
            + disk.engine(),
        null,
        block,
        sequence,
        mark,
        null);
  }

  /** Returns the end of what was kept. */
  LogPosition position() {
    return applied;
  }

  long incarnationMax() {
    return incarnationMax;
  }

  long recordBlocks() {
    return recordBlocks;
  }

  long records() {
    return records;
  }

  long checkedBlobs() {
    return checkedBlobs;
  }

  long dropped() {
    return dropped;
  }
}
