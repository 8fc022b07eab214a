package io.ashlar.store.disk;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The content of a file in memory, by blocks of 4 KiB that copies share until they write to them.
 *
 * <p>A copy costs eight bytes or less a block, so thousands of images of one file fit in memory.
 * Thread: one at a time; images that share blocks may belong to different threads, as a block never
 * changes once it is shared.
 */
public final class BlockImage {
  private static final int BLOCK = Disk.BLOCK_BYTES;
  private static final byte[] ZEROES = new byte[BLOCK];

  // A block never changes: a write replaces it.
  private byte[] @Nullable [] blocks;
  private long size;

  /** Creates an empty file. */
  public BlockImage() {
    this(new byte[0][], 0);
  }

  private BlockImage(byte[] @Nullable [] blocks, long size) {
    this.blocks = blocks;
    this.size = size;
  }

  /** Returns an image of these bytes. */
  public static BlockImage of(byte[] bytes) {
    BlockImage image = new BlockImage();
    image.write(0, bytes, 0, bytes.length);
    return image;
  }

  /** Returns an independent image of the same content. */
  public BlockImage copy() {
    return new BlockImage(blocks.clone(), size);
  }

  /** Returns the length of the file. */
  public long size() {
    return size;
  }

  /** Sets the length of the file; what is cut off is gone, what is new is zero. */
  public void truncate(long bytes) {
    if (bytes < size) {
      zero(bytes, size - bytes);
    }
    size = bytes;
  }

  /** Makes the file at least so long. */
  public void extend(long bytes) {
    size = Math.max(size, bytes);
  }

  /** Returns one byte, 0 beyond the end. */
  public byte get(long offset) {
    return block(offset / BLOCK)[(int) (offset % BLOCK)];
  }

  /** Returns the whole file. */
  public byte[] bytes() {
    byte[] bytes = new byte[Math.toIntExact(size)];
    read(0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /** Copies from the file and returns how many bytes there were. */
  public long read(long offset, MemorySegment target) {
    long length = Math.max(0, Math.min(target.byteSize(), size - offset));
    for (long done = 0; done < length; ) {
      int within = (int) ((offset + done) % BLOCK);
      long part = Math.min(BLOCK - within, length - done);
      MemorySegment block = MemorySegment.ofArray(block((offset + done) / BLOCK));
      MemorySegment.copy(block, within, target, done, part);
      done += part;
    }
    return length;
  }

  /** Writes a part of an array, extending the file as needed. */
  public void write(long offset, byte[] source, int from, int length) {
    for (int done = 0; done < length; ) {
      int within = (int) ((offset + done) % BLOCK);
      int part = Math.min(BLOCK - within, length - done);
      byte[] block = within == 0 && part == BLOCK ? new byte[BLOCK] : copyOf(offset + done);
      System.arraycopy(source, from + done, block, within, part);
      set((offset + done) / BLOCK, block);
      done += part;
    }
    extend(offset + length);
  }

  /** Zeroes a range without changing the length of the file. */
  public void zero(long offset, long bytes) {
    long end = Math.min(offset + bytes, (long) blocks.length * BLOCK);
    for (long at = offset; at < end; ) {
      int within = (int) (at % BLOCK);
      int part = (int) Math.min(BLOCK - within, end - at);
      if (blocks[(int) (at / BLOCK)] != null) {
        byte[] block = copyOf(at);
        Arrays.fill(block, within, within + part, (byte) 0);
        set(at / BLOCK, part == BLOCK ? null : block);
      }
      at += part;
    }
  }

  /** Damage: inverts one bit, 0 to 7, of the byte at an offset. */
  public void flipBit(long offset, int bit) {
    byte[] block = copyOf(offset);
    block[(int) (offset % BLOCK)] ^= (byte) (1 << bit);
    set(offset / BLOCK, block);
  }

  /** Damage: two blocks have changed places. */
  public void swapBlocks(long one, long other) {
    byte[] kept = block(one);
    set(one, block(other));
    set(other, kept);
  }

  /**
   * Damage: the last write of {@code block} went to {@code landedAt} instead.
   *
   * @param before the content before that write.
   */
  public void misdirect(long block, long landedAt, BlockImage before) {
    set(landedAt, block(block));
    set(block, before.block(block));
  }

  /** Damage: the writes of {@code block} since {@code before} were lost. */
  public void makeStale(long block, BlockImage before) {
    set(block, before.block(block));
  }

  /** Returns the numbers of the blocks in which two images differ, within the longer of both. */
  public long[] differences(BlockImage other) {
    long count = (Math.max(size, other.size) + BLOCK - 1) / BLOCK;
    long[] found = new long[(int) count];
    int n = 0;
    for (long number = 0; number < count; number++) {
      byte[] mine = block(number);
      byte[] theirs = other.block(number);
      if (!Arrays.equals(mine, theirs)) {
        found[n++] = number;
      }
    }
    return Arrays.copyOf(found, n);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof BlockImage image
        && size == image.size
        && differences(image).length == 0;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(size);
  }

  @Override
  public String toString() {
    return "BlockImage[size=" + size + "]";
  }

  private byte[] block(long number) {
    byte[] block = number < blocks.length ? blocks[(int) number] : null;
    return block == null ? ZEROES : block;
  }

  private byte[] copyOf(long offset) {
    return block(offset / BLOCK).clone();
  }

  private void set(long number, byte @Nullable [] block) {
    if (number >= blocks.length) {
      int needed = Math.toIntExact(number + 1);
      blocks = Arrays.copyOf(blocks, Math.max(needed, blocks.length + blocks.length / 2));
    }
    blocks[(int) number] = block;
  }
}
