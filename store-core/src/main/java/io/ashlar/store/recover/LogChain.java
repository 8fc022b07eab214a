package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.format.LogExtent;
import io.ashlar.store.format.LogPosition;
import io.ashlar.store.format.LogRecord;
import io.ashlar.store.format.Superblock;
import org.jspecify.annotations.Nullable;

/**
 * Follows the chain of log records from the position that a superblock names (rules L6, L10).
 * Thread: one.
 */
final class LogChain {

  private final LogReader reader;
  private final Superblock superblock;
  private LogPosition end;
  private long highestMark;
  private long incarnationMax;
  private long recordBlock;

  LogChain(LogReader reader, Superblock superblock) {
    this.reader = reader;
    this.superblock = superblock;
    end = superblock.base();
    highestMark =
        Math.max(
            superblock.fenceSequence(),
            Math.max(end.sequence(), superblock.checkpoint().covered())); // L3
    incarnationMax = Math.max(superblock.incarnation(), end.incarnation());
  }

  /**
   * Moves on to the next record.
   *
   * @return the record, valid until the reader is used again, or null at the end of the chain.
   */
  @Nullable LogRecord next() {
    boolean moves = false;
    LogRecord record = validRecord(end.block(), end.extentEnd());
    if (end.nextStart() != 0 && reader.beginsLikeRecord(end.nextStart(), end.sequence() + 1)) {
      long here = record == null ? -1 : record.incarnation();
      record = validRecord(end.nextStart(), end.next().end());
      moves = record != null && record.incarnation() > here; // L10
      if (!moves && here >= 0) {
        record = validRecord(end.block(), end.extentEnd());
        if (record == null) {
          throw changed(end.block());
        }
      }
    }
    if (record == null) {
      return null;
    }
    long block = moves ? end.nextStart() : end.block();
    recordBlock = block;
    end =
        new LogPosition(
            record.sequence(),
            end.epoch() + record.epochs(),
            record.incarnation(),
            record.chain(),
            moves ? end.next() : end.extent(),
            blockBehind(record, block),
            new LogExtent(record.nextStart(), record.nextBlocks()));
    incarnationMax = Math.max(incarnationMax, end.incarnation());
    highestMark = Math.max(highestMark, record.mark());
    return record;
  }

  /** Returns the record that continues the chain at {@code block}, or null. */
  private @Nullable LogRecord validRecord(long block, long extentEnd) {
    LogRecord record = reader.record(block, extentEnd);
    if (record == null) {
      return null;
    }
    long sequence = end.sequence() + 1;
    long incarnation = record.incarnation();
    boolean valid =
        record.storeId() == superblock.storeId()
            && record.sequence() == sequence
            && record.previousChain() == end.chain()
            && record.block() == block
            && record.firstEpoch() == end.epoch() + 1
            && record.mark() < sequence
            && incarnation >= end.incarnation()
            && (sequence <= superblock.fenceSequence() || incarnation >= superblock.incarnation())
            && blockBehind(record, block) <= extentEnd; // L6
    return valid ? record : null;
  }

  private static long blockBehind(LogRecord record, long block) {
    return block + record.blocks() + record.behindBlocks();
  }

  /** Returns the exception for a record that read differently the second time. */
  static CorruptionException changed(long block) {
    return new CorruptionException(
        "a log record read differently the second time: check the device: block=" + block,
        null,
        block,
        0,
        0,
        null);
  }

  /** Returns the position after the last record. */
  LogPosition end() {
    return end;
  }

  /** Returns the first block of the last record. */
  long recordBlock() {
    return recordBlock;
  }

  /** Returns the highest mark seen so far. */
  long highestMark() {
    return highestMark;
  }

  /** Returns the highest incarnation seen so far. */
  long incarnationMax() {
    return incarnationMax;
  }
}
