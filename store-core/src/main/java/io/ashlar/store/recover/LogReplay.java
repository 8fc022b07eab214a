package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.checkpoint.RecordLedger;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.format.LogOperations;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.LogRecord;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.OperationBatch;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

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
 * <p>A block that cannot be read counts as damaged. One such block may decide where the log ends,
 * as a torn write may. If several unreadable blocks would decide it, a dead device looks the same
 * as the end of the log. An open for writing then refuses ({@link #refuseGuess}).
 *
 * <p>Thread: one.
 */
final class LogReplay {

  /** The most records that can wait for a mark; a log with more is damaged. */
  private static final int UNMARKED_MAX = 1024;

  /** How much is searched of a log extent that only a damaged record names: 64 MiB. */
  private static final long HINTED_BLOCKS_MAX = 1L << 14;

  /** A record of the chain that no mark covers yet: its block and the position after it. */
  private record Unmarked(long block, LogPosition behind) {}

  private final LogReader reader;
  private final BlobCheck blobs;
  private final Superblock superblock;
  private final OperationBatch batch;
  private final RecordLedger ledger;
  private final long fileBlocks;
  private final boolean toWrite;
  private final LogChain chain;
  private final Deque<Unmarked> unmarked = new ArrayDeque<>();
  private LogRecord newest = new LogRecord(); // of those that wait

  private LogPosition applied; // behind the last record that was applied
  private long records;
  private long logBlocks;
  private long logOperations;
  private long checkedBlobs;
  private long dropped;
  private long unreadableBlobBlocks; // of the record that was dropped for them
  private @Nullable NativeException blobFailure;

  /**
   * Creates one; the records that it applies are added to {@code ledger}.
   *
   * @param toWrite whether the caller will write to the file on the basis of the result.
   */
  LogReplay(
      LogReader reader,
      BlobCheck blobs,
      Superblock superblock,
      OperationBatch batch,
      RecordLedger ledger,
      long fileBlocks,
      boolean toWrite) {
    this.reader = reader;
    this.blobs = blobs;
    this.superblock = superblock;
    this.batch = batch;
    this.ledger = ledger;
    this.fileBlocks = fileBlocks;
    this.toWrite = toWrite;
    chain = new LogChain(reader, superblock);
    applied = superblock.base();
  }

  /** Replays every record that can be kept; then {@link #position} is the end of the log. */
  void run() {
    LogRecord record = chain.next();
    while (record != null) {
      take(record);
      record = chain.next();
    }
    while (!unmarked.isEmpty()) {
      LogRecord waiting = reread(unmarked.getFirst());
      if (!blobsAreWhole(waiting)) {
        dropped = unmarked.size();
        break;
      }
      apply(waiting, unmarked.removeFirst().behind());
    }
    if (applied.sequence() < chain.highestMark()) {
      throw lost(applied.sequence() + 1, chain.highestMark(), applied.block());
    }
    refuseMarksBeyond();
    if (toWrite) {
      refuseGuess();
    }
    batch.apply(); // last: what is before this needs no index
  }

  /** Applies the record, or keeps it waiting for a mark (rule L3). */
  private void take(LogRecord record) {
    Unmarked taken = new Unmarked(chain.recordBlock(), chain.end());
    boolean moved = false;
    while (!unmarked.isEmpty() && unmarked.getFirst().behind().sequence() <= chain.highestMark()) {
      Unmarked covered = unmarked.removeFirst();
      moved |= !unmarked.isEmpty();
      apply(unmarked.isEmpty() ? newest(covered) : reread(covered), covered.behind());
    }
    LogRecord current = moved ? reread(taken) : record; // the reader has one window
    if (chain.end().sequence() <= chain.highestMark() && unmarked.isEmpty()) {
      apply(current, chain.end());
      return;
    }
    unmarked.addLast(taken);
    newest = reader.exchange(newest);
    if (unmarked.size() > UNMARKED_MAX) {
      throw new CorruptionException(
          "more than " + UNMARKED_MAX + " log records wait for a mark: restore the store",
          null,
          chain.recordBlock(),
          UNMARKED_MAX,
          unmarked.size(),
          null);
    }
  }

  /** Returns the record that was kept waiting last: in almost every log, the only one. */
  private LogRecord newest(Unmarked waiting) {
    assert newest.chain() == waiting.behind().chain() : "not the newest record";
    return newest;
  }

  /** Reads a record of the chain again. */
  private LogRecord reread(Unmarked waiting) {
    LogPosition behind = waiting.behind();
    LogRecord record = reader.record(waiting.block(), behind.extentEnd());
    if (record == null || record.chain() != behind.chain()) {
      throw LogChain.changed(waiting.block());
    }
    return record;
  }

  private boolean blobsAreWhole(LogRecord record) {
    LogOperations operations = record.operations();
    while (operations.next()) {
      if (operations.kind() == OperationFormat.PUT && operations.length() > 0) {
        long start = operations.startBlock();
        long length = operations.length();
        boolean table = operations.hasTable();
        checkedBlobs++;
        if (start < Blocks.FIRST
            || start + ChecksumTable.extentBlocks(length, table) > fileBlocks
            || !isWhole(start, length, operations.crc32c(), table)) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean isWhole(long start, long length, int crc32c, boolean table) {
    try {
      return blobs.matches(start, length, crc32c, table);
    } catch (NativeException e) {
      if (!e.isOfMedium()) {
        throw e;
      }
      blobFailure = e;
    }
    unreadableBlobBlocks = blobs.unreadable(start, ChecksumTable.extentBlocks(length, table));
    return unreadableBlobBlocks == 0 && blobs.matches(start, length, crc32c, table);
  }

  private void apply(LogRecord record, LogPosition behind) {
    long blocks = record.blocks();
    ledger.add(behind.sequence(), record.block(), blocks);
    logBlocks += blocks + record.behindBlocks();
    logOperations += record.operationCount();
    records++;
    batch.add(record, behind.sequence());
    applied = behind;
  }

  /**
   * Refuses a log that breaks before a record that was certainly durable (rule L18). It searches
   * past the kept records, and past the chain if more of the chain is whole than was kept. Dropped
   * records may lack only blocks that were overwritten since, if the damaged record after them
   * carried their mark.
   */
  private void refuseMarksBeyond() {
    refuseMarksBeyond(applied);
    if (chain.end().sequence() > applied.sequence()) {
      refuseMarksBeyond(chain.end());
    }
  }

  private void refuseMarksBeyond(LogPosition end) {
    refuseMarksIn(end.block(), end.extentEnd());
    refuseMarksIn(end.nextStart(), end.next().end());
    refuseMarksBehind(end.block(), end.sequence() + 1);
    refuseMarksBehind(end.nextStart(), end.sequence() + 1);
  }

  /**
   * Looks for marks in the log extent that a damaged record names as the next, because that record
   * may have filled its own extent. Only a whole record counts there, whatever the damaged bytes
   * say.
   */
  private void refuseMarksBehind(long block, long broken) {
    MemorySegment damaged = reader.firstBlock(block);
    if (damaged != null && LogRecordFormat.sequence(damaged) == broken) {
      long start = LogRecordFormat.nextStart(damaged);
      long blocks = Math.min(LogRecordFormat.nextBlocks(damaged), HINTED_BLOCKS_MAX);
      refuseMarksIn(start, start + blocks);
    }
  }

  private void refuseMarksIn(long start, long endBlock) {
    long broken = applied.sequence() + 1;
    long end = Math.min(endBlock, fileBlocks); // whatever the file claims (promise G12)
    long first = Math.max(start, Blocks.FIRST);
    for (long block = reader.nextMagic(first, end);
        block < end;
        block = reader.nextMagic(block + 1, end)) {
      LogRecord record = reader.record(block, endBlock);
      if (record != null
          && record.storeId() == superblock.storeId()
          && record.block() == block
          && record.mark() >= broken) {
        throw lost(broken, record.mark(), block);
      }
    }
  }

  /**
   * Refuses to treat unreadable blocks as the end of the log if they may hide more than a torn
   * write. That is so if more than one block cannot be read of its next record, or of its last
   * record's blobs.
   */
  private void refuseGuess() {
    LogPosition end = applied;
    int atTheEnd =
        unreadableRecord(end.block(), end.extentEnd())
            + unreadableRecord(end.nextStart(), end.next().end());
    long unreadable =
        unreadableBlobBlocks
            + reader.unreadable(end.block(), end.extentEnd())
            + reader.unreadable(end.nextStart(), end.next().end());
    if (unreadable > 1 && atTheEnd + unreadableBlobBlocks > 0) {
      throw new CorruptionException(
          "the end of the log cannot be read: check the device, open the store read-only to save"
              + " its content, or restore it from its tier or a backup: block="
              + end.block()
              + ", unreadableBlocks="
              + unreadable
              + cause(failure()),
          null,
          end.block(),
          1,
          unreadable,
          failure());
    }
  }

  /** Returns how many blocks of the record that {@code block} would begin cannot be read. */
  private int unreadableRecord(long block, long extentEnd) {
    MemorySegment first = reader.firstBlock(block);
    long blocks = first == null ? 1 : Math.max(1, LogRecordFormat.claimedBlocks(first));
    return reader.unreadable(block, Math.min(extentEnd, block + blocks));
  }

  private CorruptionException lost(long sequence, long mark, long block) {
    NativeException failure = failure();
    return new CorruptionException(
        "a log record that was durable is damaged: "
            + (failure == null ? "" : "check the device, or ")
            + "restore the store from its tier or a backup: sequence="
            + sequence
            + ", mark="
            + mark
            + ", block="
            + block
            + cause(failure),
        null,
        block,
        sequence,
        mark,
        failure);
  }

  private static String cause(@Nullable NativeException failure) {
    return failure == null ? "" : ", failure=" + failure.getMessage();
  }

  /** Returns why a relevant block could not be read, or null if all could. */
  @Nullable NativeException failure() {
    return blobFailure == null ? reader.failure() : blobFailure;
  }

  /** Returns the end of what was kept. */
  LogPosition position() {
    return applied;
  }

  /** Returns the highest incarnation seen. */
  long incarnationMax() {
    return chain.incarnationMax();
  }

  /** Returns how many records were applied. */
  long records() {
    return records;
  }

  /** Returns how many blocks the applied records and the blobs after them have. */
  long logBlocks() {
    return logBlocks;
  }

  /** Returns how many operations the applied records have. */
  long logOperations() {
    return logOperations;
  }

  /** Returns how many blobs of unmarked records were read. */
  long checkedBlobs() {
    return checkedBlobs;
  }

  /** Returns how many whole records were dropped, because a blob was not. */
  long dropped() {
    return dropped;
  }
}
