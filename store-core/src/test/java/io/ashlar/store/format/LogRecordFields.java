package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;

import java.lang.foreign.MemorySegment;

/**
 * The fields of a log record where it lies, whole or damaged, for tests that look at or forge one.
 */
public final class LogRecordFields {

  private LogRecordFields() {}

  /**
   * Returns the blocks of the record whose first block is {@code block}, or 0 when its header
   * claims an impossible length.
   */
  public static int claimedBlocks(MemorySegment block) {
    return LogRecordFormat.claimedBlocks(
        getInt(block, LogRecordFormat.BYTES_OFFSET), getInt(block, LogRecordFormat.BLOCKS_OFFSET));
  }

  /** Returns the store id. */
  public static long storeId(MemorySegment record) {
    return getLong(record, LogRecordFormat.STORE_ID_OFFSET);
  }

  /** Returns the incarnation that wrote the record. */
  public static long incarnation(MemorySegment record) {
    return getLong(record, LogRecordFormat.INCARNATION_OFFSET);
  }

  /** Returns the highest sequence that was durable, in order, when the record was submitted. */
  public static long mark(MemorySegment record) {
    return getLong(record, LogRecordFormat.MARK_OFFSET);
  }

  /** Returns where the record says that it lies. */
  public static long block(MemorySegment record) {
    return getLong(record, LogRecordFormat.BLOCK_OFFSET);
  }

  /** Returns the number of the first epoch. */
  public static long firstEpoch(MemorySegment record) {
    return getLong(record, LogRecordFormat.FIRST_EPOCH_OFFSET);
  }

  /** Returns how many epochs the record covers. */
  public static int epochs(MemorySegment record) {
    return getInt(record, LogRecordFormat.EPOCHS_OFFSET);
  }

  /** Returns how many operations the record holds. */
  public static int operations(MemorySegment record) {
    return getInt(record, LogRecordFormat.OPERATIONS_OFFSET);
  }

  /** Returns the bytes up to the end of the last operation. */
  public static int bytes(MemorySegment record) {
    return getInt(record, LogRecordFormat.BYTES_OFFSET);
  }

  /** Returns the blocks of blobs that lie directly behind the record. */
  public static int behindBlocks(MemorySegment record) {
    return getInt(record, LogRecordFormat.BEHIND_OFFSET);
  }

  /** Returns the chain value of the record before. */
  public static int previousChain(MemorySegment record) {
    return getInt(record, LogRecordFormat.PREVIOUS_CHAIN_OFFSET);
  }

  /** Returns the record's own chain value. */
  public static int chain(MemorySegment record) {
    return getInt(record, LogRecordFormat.CRC_OFFSET);
  }

  /** Returns the operations of one epoch. */
  public static int epochOperations(MemorySegment record, int index) {
    return getInt(
        record, LogRecordFormat.HEADER_BYTES + (long) LogRecordFormat.EPOCH_BYTES * index);
  }

  /** Returns where the first operation lies. */
  public static long operationsOffset(MemorySegment record) {
    return LogRecordFormat.HEADER_BYTES + (long) LogRecordFormat.EPOCH_BYTES * epochs(record);
  }
}
