package io.ashlar.store.recover;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.space.ExtentAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of the file that are in use, collected while a store is opened. The remaining blocks
 * are free. Finds blocks with two owners (promise G13).
 *
 * <p>Thread: one. Memory: on the heap, during the open. A stretch of 128 MiB without a used block
 * takes none. A stretch with few extents takes 8 to 16 bytes per extent, any other one bit per
 * block. So a hole of terabytes, or blobs scattered over one, cost no more than the file's real
 * bytes justify (promise G12). A file that would need more than the heap allows is refused without
 * an {@link OutOfMemoryError}. The allocator of {@link #free} takes no heap.
 */
final class BlockMap {

  /** A petabyte: longer than any real store, shorter than a hole in a file can make it. */
  private static final long FILE_BLOCKS_MAX = 1L << 38;

  private static final int EXTENTS_A_STEP = 24; // see BulkPuts.ENTRIES_A_STEP

  private final long fileBlocks;
  private final long heapBytesMax;
  private final @Nullable BlockMapPart[] parts; // null where nothing is in use
  private long heapBytes;
  private long highestEnd;
  private long usedBySome; // blocks that useSome has marked for useAll

  /** Creates a map without used blocks that takes at most a quarter of the heap. */
  BlockMap(long fileBlocks) {
    this(fileBlocks, Runtime.getRuntime().maxMemory() / 4);
  }

  /**
   * Creates one in which nothing is in use.
   *
   * @param heapBytesMax heap that this may take, in bytes.
   * @throws StoreOpenException if the file is longer than any store.
   */
  BlockMap(long fileBlocks, long heapBytesMax) {
    if (fileBlocks > FILE_BLOCKS_MAX) {
      throw new StoreOpenException(
          "the data file is longer than a store can be: restore the store: fileBlocks="
              + fileBlocks
              + ", most="
              + FILE_BLOCKS_MAX,
          null);
    }
    this.fileBlocks = fileBlocks;
    this.heapBytesMax = heapBytesMax;
    int count = (int) (fileBlocks / BlockMapPart.BLOCKS) + 1;
    takeHeap(4L * count);
    parts = new BlockMapPart[count];
  }

  private void takeHeap(long bytes) {
    heapBytes += bytes;
    if (heapBytes > heapBytesMax) {
      throw new StoreOpenException(
          "the data file's space is too scattered for this JVM's heap: raise -Xmx, or restore the"
              + " store: neededBytes="
              + heapBytes
              + " and more, most="
              + heapBytesMax
              + ", fileBlocks="
              + fileBlocks,
          null);
    }
  }

  private BlockMapPart part(long block) {
    int number = (int) (block / BlockMapPart.BLOCKS);
    BlockMapPart part = parts[number];
    if (part == null) {
      part = new BlockMapPart();
      takeHeap(part.heapBytes());
      parts[number] = part;
    }
    return part;
  }

  /**
   * Marks an extent as used.
   *
   * @param what the owner of the extent, for messages.
   * @throws CorruptionException if the extent lies outside the file or is already in use.
   * @throws StoreOpenException if there is not enough heap.
   */
  void use(long start, long blocks, String what) {
    if (start < 0 || blocks < 0 || start > fileBlocks - blocks) {
      throw new CorruptionException(
          "an extent lies outside the data file: restore the store: what="
              + what
              + ", block="
              + start
              + ", blocks="
              + blocks
              + ", fileBlocks="
              + fileBlocks,
          null,
          start,
          fileBlocks,
          start + blocks,
          null);
    }
    long next = start;
    long end = start + blocks;
    while (next < end) {
      BlockMapPart part = part(next);
      int from = (int) (next % BlockMapPart.BLOCKS);
      int to = (int) Math.min(BlockMapPart.BLOCKS, from + end - next);
      long before = part.heapBytes();
      int taken = part.use(from, to);
      if (taken >= 0) {
        throw new CorruptionException(
            "a block is in use twice: restore the store: what="
                + what
                + ", block="
                + (next - from + taken),
            null,
            next - from + taken,
            0,
            1,
            null);
      }
      takeHeap(part.heapBytes() - before);
      next += to - from;
    }
    highestEnd = Math.max(highestEnd, end);
  }

  /**
   * Prepares for many extents. If most parts would get enough extents to need bits, all parts get
   * bits at once.
   */
  void expect(long extents) {
    if (extents / BlockMapPart.EXTENTS_MAX >= parts.length) {
      for (int number = 0; number < parts.length; number++) {
        BlockMapPart part = part((long) number * BlockMapPart.BLOCKS);
        long before = part.heapBytes();
        part.expectMany();
        takeHeap(part.heapBytes() - before);
      }
    }
  }

  /**
   * Marks {@code count} extents as used, as {@link #use} does each.
   *
   * @return how many blocks they have.
   */
  long useAll(long[] starts, long[] blocks, int count, String what) {
    usedBySome = 0;
    long used = 0;
    int done = 0;
    while (done < count) {
      int to = Math.min(count, done + EXTENTS_A_STEP);
      done = useSome(starts, blocks, done, to);
      if (done < to) {
        use(starts[done], blocks[done], what);
        used += blocks[done];
        done++;
      }
    }
    return used + usedBySome;
  }

  /**
   * Marks extents while each fits one word of bits; most blobs are small, and an open has many. A
   * call marks only a few, so the JVM soon compiles this.
   *
   * @return the first that was not marked, or {@code to}.
   */
  private int useSome(long[] starts, long[] blocks, int from, int to) {
    long end = highestEnd;
    long used = 0;
    int i = from;
    while (i < to) {
      long start = starts[i];
      long length = blocks[i];
      if (start < 0 || length < 1 || start + length > fileBlocks) {
        break;
      }
      BlockMapPart part = parts[(int) (start / BlockMapPart.BLOCKS)];
      long[] bits = part == null ? null : part.bits();
      if (bits == null || (start & 63) + length > 64) {
        break;
      }
      int word = (int) (start % BlockMapPart.BLOCKS) >> 6;
      long mask = -1L >>> -length << start;
      if ((bits[word] & mask) != 0) {
        break;
      }
      bits[word] |= mask;
      end = Math.max(end, start + length);
      used += length;
      i++;
    }
    highestEnd = end;
    usedBySome += used;
    return i;
  }

  /** Returns the first block after all used blocks. */
  long highestEnd() {
    return highestEnd;
  }

  /** Returns the heap that this takes, in bytes. */
  long heapBytes() {
    return heapBytes;
  }

  /**
   * Returns an allocator that holds all blocks that are not in use.
   *
   * @throws io.ashlar.uring.NativeException if there is not enough memory for the allocator.
   */
  ExtentAllocator free() {
    ExtentAllocator allocator = new ExtentAllocator();
    boolean done = false;
    try {
      addFree(allocator);
      done = true;
      return allocator;
    } finally {
      if (!done) {
        allocator.close();
      }
    }
  }

  private void addFree(ExtentAllocator allocator) {
    long runStart = -1;
    for (long block = 0; block < fileBlocks; ) {
      BlockMapPart part = parts[(int) (block / BlockMapPart.BLOCKS)];
      long partStart = block / BlockMapPart.BLOCKS * BlockMapPart.BLOCKS;
      int from = (int) (block - partStart);
      int partEnd = (int) Math.min(BlockMapPart.BLOCKS, fileBlocks - partStart);
      int freeFrom = part == null ? from : Math.min(partEnd, part.nextFree(from));
      if (freeFrom > from) { // it was in use: the run before has ended
        addFree(allocator, runStart, block);
        runStart = -1;
      }
      if (freeFrom < partEnd) {
        runStart = runStart < 0 ? partStart + freeFrom : runStart;
        block = partStart + (part == null ? partEnd : Math.min(partEnd, part.nextUsed(freeFrom)));
      } else {
        block = partStart + partEnd;
      }
    }
    addFree(allocator, runStart, fileBlocks);
    assert Blocks.FIRST <= highestEnd : "the superblocks are not in use";
  }

  private static void addFree(ExtentAllocator allocator, long runStart, long end) {
    if (runStart >= 0) {
      allocator.addFree(runStart, end - runStart);
    }
  }
}
