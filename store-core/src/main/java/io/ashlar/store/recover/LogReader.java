package io.ashlar.store.recover;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogOperations;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Reads log records through a window that reads ahead. What it returns is valid until the next
 * call.
 *
 * <p>Thread: one. Memory: bounded by the longest record and the read-ahead, whatever the file
 * claims (promise G12).
 */
final class LogReader implements AutoCloseable {

  private static final long AHEAD_BYTES_MIN = 64L << 10;
  private static final long AHEAD_BYTES_MAX = 1L << 20;
  private static final long WINDOW_BYTES = LogRecordFormat.RECORD_BYTES_MAX + AHEAD_BYTES_MAX;

  private final Disk disk;
  private final long fileBlocks;
  private final NativeMemory memory = NativeMemory.reserve(WINDOW_BYTES);
  private final NativeMemory probe = NativeMemory.reserve(Blocks.BYTES);
  private final LogOperations operations = new LogOperations();
  private long windowStart; // byte offset in the file
  private long windowBytes;
  private long aheadBytes = AHEAD_BYTES_MIN;
  private long probedBlock = -1;
  private long probedSequence;

  LogReader(Disk disk, long fileBlocks) {
    this.disk = disk;
    this.fileBlocks = fileBlocks;
  }

  /** Returns the whole, well-formed record at {@code block}, or null when there is none. */
  @Nullable MemorySegment record(long block, long endBlock) {
    if (block < Blocks.FIRST || block >= Math.min(endBlock, fileBlocks)) {
      return null;
    }
    MemorySegment first = bytes(block, 1);
    if (first == null || !LogRecordFormat.hasMagic(first)) {
      return null;
    }
    long blocks = LogRecordFormat.claimedBlocks(first);
    if (blocks == 0 || block + blocks > Math.min(endBlock, fileBlocks)) {
      return null;
    }
    MemorySegment record = bytes(block, blocks);
    return record != null && LogRecordFormat.isValid(record, operations) ? record : null;
  }

  /**
   * Returns whether a block begins like record {@code sequence}, without disturbing what is read
   * ahead: the same block is asked for again and again, as the start of the next log extent.
   */
  boolean beginsLikeRecord(long block, long sequence) {
    if (block < Blocks.FIRST || block >= fileBlocks) {
      return false;
    }
    if (block != probedBlock) {
      boolean found =
          disk.read(probe.segment(), Blocks.offset(block)) == Blocks.BYTES
              && LogRecordFormat.hasMagic(probe.segment());
      probedSequence = found ? LogRecordFormat.sequence(probe.segment()) : -1;
      probedBlock = block;
    }
    return probedSequence == sequence;
  }

  /** Returns a block that begins like a record, whole or damaged, or null. */
  @Nullable MemorySegment firstBlock(long block) {
    if (block < Blocks.FIRST || block >= fileBlocks) {
      return null;
    }
    MemorySegment first = bytes(block, 1);
    return first != null && LogRecordFormat.hasMagic(first) ? first : null;
  }

  /**
   * Returns some blocks of the file, or null behind its end. Reads ahead the further the longer it
   * is read in order: long values between the records are stepped over.
   */
  private @Nullable MemorySegment bytes(long block, long blocks) {
    long offset = Blocks.offset(block);
    long length = Blocks.offset(blocks);
    if (offset < windowStart || offset + length > windowStart + windowBytes) {
      boolean inOrder = offset >= windowStart && offset <= windowStart + windowBytes;
      aheadBytes = inOrder ? Math.min(2 * aheadBytes, AHEAD_BYTES_MAX) : AHEAD_BYTES_MIN;
      long wanted = Math.min(Blocks.offset(fileBlocks) - offset, Math.max(length, aheadBytes));
      windowBytes = 0;
      windowStart = offset;
      windowBytes = disk.read(memory.segment().asSlice(0, wanted), offset);
      if (windowBytes < length) {
        return null;
      }
    }
    return memory.segment().asSlice(offset - windowStart, length);
  }

  @Override
  public void close() {
    memory.close();
    probe.close();
  }
}
