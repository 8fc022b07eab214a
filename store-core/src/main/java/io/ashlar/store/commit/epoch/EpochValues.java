package io.ashlar.store.commit.epoch;

import io.ashlar.store.disk.PooledBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.ChecksumTable;
import io.ashlar.uring.IoVectors;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Values of an epoch that have no extent yet. They are in pooled buffers, one after another in the
 * order of their puts. Each is padded to whole blocks, and its checksum table follows if it is long
 * enough for one. So one gathered write of all buffers writes them without gaps.
 *
 * <p>Thread: as {@link EpochBuffer}. Memory: the buffers go back to the pool in {@link #release}.
 */
public final class EpochValues {

  private PooledBuffer[] buffers = new PooledBuffer[8];
  private long[] usedBytes = new long[8];
  private int count;
  private int valueBuffer; // that of the last value, behind which one for its table may follow
  private final CRC32C crc = new CRC32C();

  /** Makes room for a value's buffer and its table's, so that taking them cannot fail. */
  public void makeRoom() {
    if (count + 2 > buffers.length) {
      PooledBuffer[] more = Arrays.copyOf(buffers, count * 2);
      usedBytes = Arrays.copyOf(usedBytes, count * 2);
      buffers = more;
    }
  }

  /**
   * Adds a buffer whose first {@code used} bytes, whole blocks, hold values. {@link #makeRoom} came
   * before.
   */
  public void add(PooledBuffer buffer, long used) {
    buffer.useFor(PooledBuffer.Use.EPOCH);
    buffers[count] = buffer;
    usedBytes[count++] = used;
  }

  /** Returns the last buffer's bytes that hold nothing yet; 0 without a buffer. */
  public long freeBytes() {
    return count == 0 ? 0 : buffers[count - 1].capacity() - usedBytes[count - 1];
  }

  /** Returns the capacity of the last buffer, 0 without one. */
  public long lastCapacity() {
    return count == 0 ? 0 : buffers[count - 1].capacity();
  }

  /**
   * Takes the blocks of a value, and of its checksum table if it has one; there is room for both in
   * the last buffer, or for the value there and for the table in another.
   *
   * @param tableBuffer that other one, or null.
   * @return the value's offset in {@link #memory()}.
   */
  public long takeFor(long length, @Nullable PooledBuffer tableBuffer) {
    valueBuffer = count - 1;
    long offset = usedBytes[valueBuffer];
    long taken = Blocks.offset(ChecksumTable.extentBlocks(length, ChecksumTable.isFor(length)));
    if (tableBuffer == null) {
      usedBytes[valueBuffer] += taken;
    } else {
      usedBytes[valueBuffer] += Blocks.roundUp(length);
      add(tableBuffer, taken - Blocks.roundUp(length));
    }
    return offset;
  }

  /** Returns the memory of the buffer that holds the value taken room for last. */
  public MemorySegment memory() {
    return buffers[valueBuffer].segment();
  }

  /** Returns which buffer holds the value that room was taken for last. */
  int valueBuffer() {
    return valueBuffer;
  }

  /** Copies a value to where room was taken for it, and seals it; returns its checksum. */
  public int fill(long offset, MemorySegment value) {
    MemorySegment.copy(value, 0, memory(), offset, value.byteSize());
    return seal(valueBuffer, offset, value.byteSize());
  }

  /**
   * Makes a value that lies in a buffer ready to be written: zeroes the rest of its last block, and
   * fills in its table; returns its checksum.
   */
  public int seal(int buffer, long offset, long length) {
    PooledBuffer holder = buffers[buffer];
    long end = offset + Blocks.roundUp(length);
    Blocks.zero(holder.segment(), offset + length, end);
    if (!ChecksumTable.isFor(length)) {
      crc.reset();
      Checksum.update(crc, holder.view(), (int) offset, (int) length);
      return (int) crc.getValue();
    }
    boolean apart = isTableApart(buffer, offset, length);
    MemorySegment table =
        memory(apart ? buffer + 1 : buffer)
            .asSlice(apart ? 0 : end, Blocks.offset(ChecksumTable.blocks(length)))
            .fill((byte) 0);
    ChecksumTable.fill(table, 0, crc, holder.view(), (int) offset, length);
    return ChecksumTable.folded(table, length);
  }

  /** Returns whether a value's table begins the next buffer, as its own has no room for it. */
  boolean isTableApart(int buffer, long offset, long length) {
    long blocks = ChecksumTable.extentBlocks(length, ChecksumTable.isFor(length));
    return offset + Blocks.offset(blocks) > buffers[buffer].capacity();
  }

  /** Returns how many buffers there are. */
  public int count() {
    return count;
  }

  /** Returns the memory of one buffer. */
  public MemorySegment memory(int index) {
    return buffers[index].segment();
  }

  /** Returns the length of one buffer. */
  public long capacity(int index) {
    return buffers[index].capacity();
  }

  /** Returns how many of a buffer's first bytes, whole blocks, hold values. */
  long usedBytes(int index) {
    return usedBytes[index];
  }

  /** Adds the content of the buffers to a gathered write. */
  public void addTo(IoVectors vectors) {
    for (int i = 0; i < count; i++) {
      vectors.add(memory(i), 0, usedBytes[i]);
    }
  }

  /** Gives some of the buffers, chosen by their numbers, to {@code taker}; the rest move up. */
  public void takeOut(IntPredicate chosen, Consumer<PooledBuffer> taker) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (chosen.test(i)) {
        taker.accept(buffers[i]);
      } else {
        buffers[kept] = buffers[i];
        usedBytes[kept++] = usedBytes[i];
      }
    }
    count = kept;
  }

  /** Gives all buffers back to the pool. */
  public void release() {
    for (int i = 0; i < count; i++) {
      buffers[i].release();
    }
    count = 0;
  }
}
