package io.ashlar.store.recover;

import io.ashlar.store.disk.BadBlockReads;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumView;
import io.ashlar.store.format.LogRecord;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Reads log records through a window that reads ahead. A returned record is valid until the next
 * call. A block that the device cannot read counts as damaged and is read as zeroes.
 *
 * <p>Thread: one. Memory: bounded by the longest record and the read-ahead, whatever the file
 * claims (promise G12).
 */
final class LogReader implements AutoCloseable {

  private static final long AHEAD_BYTES_MIN = 64L << 10;
  private static final long AHEAD_BYTES_MAX = 1L << 20;

  /** Values between records that take longer to step over, with another read, than to read. */
  private static final long READ_THROUGH_BYTES = 128L << 10;

  private static final long WINDOW_BYTES = LogRecordFormat.RECORD_BYTES_MAX + AHEAD_BYTES_MAX;

  private final BadBlockReads reads;
  private final long fileBlocks;
  private final NativeMemory memory;
  private final MemorySegment window;
  private final MemorySegment probe;
  private final ByteBuffer bytes;
  private final ChecksumView view;
  private LogRecord record = new LogRecord();
  private long windowStart; // byte offset in the file
  private long windowBytes;
  private long aheadBytes = AHEAD_BYTES_MIN;
  private long probedBlock = -1;
  private long probedSequence;

  LogReader(Disk disk, long fileBlocks) {
    reads = new BadBlockReads(disk);
    this.fileBlocks = fileBlocks;
    memory = NativeMemory.reserveConfined(Blocks.BYTES + WINDOW_BYTES);
    probe = memory.segment().asSlice(0, Blocks.BYTES); // in the window's first huge page
    window = memory.segment().asSlice(Blocks.BYTES);
    bytes = window.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    view = new ChecksumView(window);
  }

  /**
   * Returns the whole, well-formed record at {@code block}, or null when there is none; always the
   * same object.
   */
  @Nullable LogRecord record(long block, long endBlock) {
    if (block < Blocks.FIRST || block >= Math.min(endBlock, fileBlocks)) {
      return null;
    }
    int offset = inWindow(block, 1);
    if (offset < 0) {
      return null;
    }
    int blocks = record.claimedBlocks(window, offset);
    if (blocks == 0 || block + blocks > Math.min(endBlock, fileBlocks)) {
      return null;
    }
    offset = inWindow(block, blocks);
    return offset >= 0 && record.read(view, offset, blocks * Blocks.BYTES) ? record : null;
  }

  /**
   * Returns the record that was read last, which is no longer overwritten; {@code other} receives
   * the next records.
   */
  LogRecord exchange(LogRecord other) {
    LogRecord last = record;
    record = other;
    return last;
  }

  /** Returns the first block from {@code block} on that begins like a record, or {@code end}. */
  long nextMagic(long block, long end) {
    for (long next = block; next < end; ) {
      int offset = inWindow(next, 1);
      if (offset < 0) {
        return end;
      }
      long known = Math.min(end - next, (windowBytes - offset) / Blocks.BYTES);
      long skipped = blocksWithoutMagic(offset, (int) known);
      next += skipped;
      if (skipped < known) {
        return next;
      }
    }
    return end;
  }

  private int blocksWithoutMagic(int offset, int count) {
    int skipped = 0;
    while (skipped < count && !LogRecordFormat.hasMagic(bytes, offset + skipped * Blocks.BYTES)) {
      skipped++;
    }
    return skipped;
  }

  /**
   * Returns whether a block begins like record {@code sequence}, without disturbing the window.
   * Callers ask for the same block repeatedly, as the start of the next log extent.
   */
  boolean beginsLikeRecord(long block, long sequence) {
    if (block < Blocks.FIRST || block >= fileBlocks) {
      return false;
    }
    if (block != probedBlock) {
      boolean found =
          reads.read(probe, Blocks.BYTES, Blocks.offset(block)) == Blocks.BYTES
              && LogRecordFormat.hasMagic(probe);
      probedSequence = found ? LogRecordFormat.sequence(probe) : -1;
      probedBlock = block;
    }
    return probedSequence == sequence;
  }

  /** Returns a block that begins like a record, whole or damaged, or null. */
  @Nullable MemorySegment firstBlock(long block) {
    if (block < Blocks.FIRST || block >= fileBlocks) {
      return null;
    }
    int offset = inWindow(block, 1);
    MemorySegment first = offset < 0 ? null : window.asSlice(offset, Blocks.BYTES);
    return first != null && LogRecordFormat.hasMagic(first) ? first : null;
  }

  /**
   * Reads some blocks of the file unless the window has them. The longer reads are sequential, the
   * further it reads ahead. Long values between records are skipped.
   *
   * @return where they begin in the window, or −1 when the file ends before them.
   */
  private int inWindow(long block, long blocks) {
    long offset = Blocks.offset(block);
    long length = Blocks.offset(blocks);
    if (offset < windowStart || offset + length > windowStart + windowBytes) {
      boolean inOrder =
          offset >= windowStart && offset <= windowStart + windowBytes + READ_THROUGH_BYTES;
      aheadBytes = inOrder ? Math.min(2 * aheadBytes, AHEAD_BYTES_MAX) : AHEAD_BYTES_MIN;
      long wanted = Math.min(Blocks.offset(fileBlocks) - offset, Math.max(length, aheadBytes));
      windowBytes = 0;
      windowStart = offset;
      windowBytes = reads.read(window, wanted, offset);
      if (windowBytes < length) {
        return -1;
      }
    }
    return (int) (offset - windowStart);
  }

  /** Returns how many blocks from {@code start} to before {@code end} could not be read so far. */
  int unreadable(long start, long end) {
    return reads.count(start, end);
  }

  /** Returns why the last of them could not be read, or null when there is none. */
  @Nullable NativeException failure() {
    return reads.failure();
  }

  @Override
  public void close() {
    memory.close();
  }
}
