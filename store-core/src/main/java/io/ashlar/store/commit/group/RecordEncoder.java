package io.ashlar.store.commit.group;

import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumView;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.format.Superblock;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;

/**
 * Encodes the record of a group for the log's tail: the header, the counts of each epoch, and their
 * operations one after another.
 *
 * <p>Thread: the commit role's holder. Memory: room for the longest record, in the given arena,
 * reused for each record.
 */
public final class RecordEncoder {

  private final LogTail tail;
  private final LongSupplier clockMs;
  private final long storeId;
  private final long incarnation;
  private final MemorySegment record;
  private final ChecksumView view;

  /**
   * Creates one.
   *
   * @param clockMs wall time, ms since 1970.
   * @param superblock names the store and its incarnation.
   */
  public RecordEncoder(LogTail tail, Arena arena, LongSupplier clockMs, Superblock superblock) {
    this.tail = tail;
    this.clockMs = clockMs;
    storeId = superblock.storeId();
    incarnation = superblock.incarnation();
    record = NativeMemory.reserveIn(arena, LogRecordFormat.RECORD_BYTES_MAX);
    view = new ChecksumView(record);
  }

  /**
   * Encodes the record that follows the last one.
   *
   * @param bytes the record's length before it is padded to whole blocks.
   * @param behindBlocks blocks of the values that follow the record one after another and get their
   *     places here; 0 if every value has its place.
   * @return the record's chain value, for the one after it.
   */
  int encode(EpochBuffer[] group, int count, long bytes, long behindBlocks) {
    long offset = LogRecordFormat.recordBytes(count, 0);
    long next = tail.block() + Blocks.count(bytes);
    int operations = 0;
    for (int i = 0; i < count; i++) {
      EpochBuffer epoch = group[i];
      if (behindBlocks > 0) {
        next = epoch.placeFrom(next);
      }
      LogRecordFormat.epoch(record, i, epoch.operationCount(), epoch.putCount());
      MemorySegment.copy(epoch.operations(), 0, record, offset, epoch.operationBytes());
      offset += epoch.operationBytes();
      operations += epoch.operationCount();
    }
    return LogRecordFormat.seal(
        view,
        storeId,
        incarnation,
        tail.sequence() + 1,
        tail.sequence(),
        tail.block(),
        tail.epoch() + 1,
        count,
        operations,
        bytes,
        behindBlocks,
        tail.chain(),
        tail.nextStart(),
        tail.nextBlocks(),
        clockMs.getAsLong());
  }

  /** Returns the memory that the record lies in, from its start. */
  MemorySegment record() {
    return record;
  }
}
