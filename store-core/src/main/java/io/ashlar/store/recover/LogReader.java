package io.ashlar.store.recover;

import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
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

  private static final long AHEAD_BYTES = 256L << 10;
  private static final long WINDOW_BYTES = LogRecordFormat.RECORD_BYTES_MAX + AHEAD_BYTES;

  private final Disk disk;
  private final long fileBlocks;
  private final NativeMemory memory = NativeMemory.reserve(WINDOW_BYTES);
  private long windowStart; // byte offset in the file
  private long windowBytes;

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
    return record != null && LogRecordFormat.isValid(record) ? record : null;
  }

  /** Returns a block that begins like a record, whole or damaged, or null. */
  @Nullable MemorySegment firstBlock(long block) {
    if (block < Blocks.FIRST || block >= fileBlocks) {
      return null;
    }
    MemorySegment first = bytes(block, 1);
    return first != null && LogRecordFormat.hasMagic(first) ? first : null;
  }

  /** Returns some blocks of the file, or null behind its end. */
  private @Nullable MemorySegment bytes(long block, long blocks) {
    long offset = Blocks.offset(block);
    long length = Blocks.offset(blocks);
    if (offset < windowStart || offset + length > windowStart + windowBytes) {
      long wanted = Math.min(Blocks.offset(fileBlocks) - offset, Math.max(length, AHEAD_BYTES));
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
  }
}
