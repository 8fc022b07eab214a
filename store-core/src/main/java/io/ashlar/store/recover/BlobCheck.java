package io.ashlar.store.recover;

import io.ashlar.store.disk.BadBlockReads;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a blob's extent in bounded memory and computes its checksum; rests after each read.
 *
 * <p>Thread: one.
 */
final class BlobCheck implements AutoCloseable {

  private static final long CHUNK_BYTES = BackgroundWork.STEP_BYTES_MAX;

  private final Disk disk;
  private final BackgroundWork pace;
  private @Nullable NativeMemory memory; // from the first use on
  private final CRC32C crc = new CRC32C();
  private int actual;

  BlobCheck(Disk disk, BackgroundWork pace) {
    this.disk = disk;
    this.pace = pace;
  }

  /**
   * Returns whether the blob at {@code startBlock} is whole, and its checksum table if it has one.
   *
   * @throws io.ashlar.uring.NativeException if it cannot be read.
   */
  boolean matches(long startBlock, long length, int crc32c, boolean table) {
    crc.reset();
    long bytes;
    for (long offset = 0; offset < length; offset += bytes) {
      bytes = Math.min(pace.stepBytesMax(), length - offset);
      MemorySegment chunk = window().asSlice(0, Blocks.roundUp(bytes));
      if (disk.read(chunk, Blocks.offset(startBlock) + offset) < bytes) {
        return false;
      }
      Checksum.update(crc, chunk.asSlice(0, bytes));
      pace.rest(bytes);
    }
    actual = (int) crc.getValue();
    return actual == crc32c
        && (!table || tableMatches(startBlock + Blocks.count(length), length, crc32c));
  }

  private boolean tableMatches(long block, long length, int crc32c) {
    long bytes = Blocks.offset(ChecksumTable.blocks(length));
    if (disk.read(window(), bytes, Blocks.offset(block)) < bytes) {
      return false;
    }
    actual = ChecksumTable.folded(window(), length);
    return actual == crc32c;
  }

  /**
   * Returns how many blocks of an extent cannot be read, even with retries. Call it after {@link
   * #matches} has thrown.
   */
  int unreadable(long startBlock, long blocks) {
    BadBlockReads reads = new BadBlockReads(disk);
    for (long block = 0; block < blocks; block += Blocks.count(CHUNK_BYTES)) {
      long bytes = Blocks.offset(Math.min(blocks - block, Blocks.count(CHUNK_BYTES)));
      long _ = reads.read(window(), bytes, Blocks.offset(startBlock + block));
    }
    return reads.count(startBlock, startBlock + blocks);
  }

  /** Returns the checksum of the last blob that was checked, or the one that its table implies. */
  int actual() {
    return actual;
  }

  private MemorySegment window() {
    if (memory == null) {
      memory = NativeMemory.reserveConfined(CHUNK_BYTES);
    }
    return memory.segment();
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    }
  }
}
