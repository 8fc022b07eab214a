package io.ashlar.store.commit;

import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.uring.IoVectors;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The values of an epoch that have no extent yet: in pooled buffers, one behind another in the
 * order of their puts, each padded to whole blocks and followed by its checksum table if it is long
 * enough for one. So one gathered write of all buffers lays them down with nothing between them.
 *
 * <p>Thread: as {@link EpochBuffer}. Memory: the buffers go back to the pool in {@link #release}.
 */
final class EpochValues {

  private PooledBuffer[] buffers = new PooledBuffer[8];
  private long[] usedBytes = new long[8];
  private int count;
  private int valueBuffer; // that of the last value, behind which one for its table may follow
  private long bytes;
  private final CRC32C crc = new CRC32C();

  /** Adds a buffer whose first {@code used} bytes, whole blocks, hold values. */
  void add(PooledBuffer buffer, long used) {
    if (count == buffers.length) {
      buffers = Arrays.copyOf(buffers, count * 2);
      usedBytes = Arrays.copyOf(usedBytes, count * 2);
    }
    buffers[count] = buffer;
    usedBytes[count++] = used;
  }

  /** Returns the last buffer's bytes that hold nothing yet; 0 without a buffer. */
  long freeBytes() {
    return count == 0 ? 0 : buffers[count - 1].capacity() - usedBytes[count - 1];
  }

  /** Returns the capacity of the last buffer, 0 without one. */
  long lastCapacity() {
    return count == 0 ? 0 : buffers[count - 1].capacity();
  }

  /**
   * Takes the blocks of a value, and of its checksum table if it has one; there is room for both in
   * the last buffer, or for the value there and for the table in another.
   *
   * @param tableBuffer that other one, or null.
   * @return the value's offset in {@link #memory()}.
   */
  long takeFor(long length, @Nullable PooledBuffer tableBuffer) {
    valueBuffer = count - 1;
    long offset = usedBytes[valueBuffer];
    long taken = Blocks.offset(ChecksumTable.extentBlocks(length, ChecksumTable.isFor(length)));
    bytes += taken;
    if (tableBuffer == null) {
      usedBytes[valueBuffer] += taken;
    } else {
      usedBytes[valueBuffer] += Blocks.roundUp(length);
      add(tableBuffer, taken - Blocks.roundUp(length));
    }
    return offset;
  }

  /** Returns the memory of the buffer that holds the value taken room for last. */
  MemorySegment memory() {
    return buffers[valueBuffer].segment();
  }

  /** Copies a value to where room was taken for it, and seals it; returns its checksum. */
  int fill(long offset, MemorySegment value) {
    MemorySegment.copy(value, 0, memory(), offset, value.byteSize());
    return seal(offset, value.byteSize());
  }

  /**
   * Makes the value that room was taken for last, and that lies there, ready to be written: zeroes
   * what lies behind it in its last block, and fills in its table; returns its checksum.
   */
  int seal(long offset, long length) {
    if (length == 0) {
      return 0;
    }
    PooledBuffer holder = buffers[valueBuffer];
    long end = offset + Blocks.roundUp(length);
    Blocks.zero(holder.segment(), offset + length, end);
    if (!ChecksumTable.isFor(length)) {
      crc.reset();
      Checksum.update(crc, holder.view(), (int) offset, (int) length);
      return (int) crc.getValue();
    }
    boolean within = count == valueBuffer + 1;
    MemorySegment memory = within ? memory() : buffers[valueBuffer + 1].segment();
    MemorySegment table =
        memory
            .asSlice(within ? end : 0, Blocks.offset(ChecksumTable.blocks(length)))
            .fill((byte) 0);
    ChecksumTable.fill(table, 0, crc, holder.view(), (int) offset, length);
    return ChecksumTable.folded(table, length);
  }

  /** Returns the bytes that the buffers hold. */
  long bytes() {
    return bytes;
  }

  /** Returns how many buffers there are. */
  int count() {
    return count;
  }

  /** Returns the memory of one buffer. */
  MemorySegment memory(int index) {
    return buffers[index].segment();
  }

  /** Returns how many of a buffer's first bytes, whole blocks, hold values. */
  long usedBytes(int index) {
    return usedBytes[index];
  }

  /** Adds what the buffers hold to a gathered write. */
  void addTo(IoVectors vectors) {
    for (int i = 0; i < count; i++) {
      vectors.add(memory(i), 0, usedBytes[i]);
    }
  }

  /** Gives the buffers to whoever writes and then releases them; returns how many. */
  int handOver(PooledBuffer[] target) {
    int handed = count;
    System.arraycopy(buffers, 0, target, 0, handed);
    count = 0;
    bytes = 0;
    return handed;
  }

  /** Gives all buffers back to the pool. */
  void release() {
    for (int i = 0; i < count; i++) {
      buffers[i].release();
    }
    count = 0;
    bytes = 0;
  }
}
