package io.ashlar.store.disk;

import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads ranges of which the device cannot read some blocks: those come as zeroes. So an unreadable
 * block counts as damage of what lies in it, and its neighbours are read as usual.
 *
 * <p>A block is given up after two failures of its own and one of a longer read around it, if there
 * was one. It is not asked for again. Only a {@linkplain NativeException#isOfMedium failure of the
 * medium} counts; any other is thrown.
 *
 * <p>Thread: one. Memory: an entry for each block given up.
 */
public final class BadBlockReads {

  private static final int ATTEMPTS = 2;
  private static final int STRETCH_BYTES = 64 * Disk.BLOCK_BYTES;

  private final Disk disk;
  private @Nullable NavigableSet<Long> bad; // from the first failure on
  private @Nullable NativeException failure;

  /** Creates one that has given up no block. */
  public BadBlockReads(Disk disk) {
    this.disk = disk;
  }

  /**
   * Reads whole blocks to the start of a target that may be longer.
   *
   * @return bytes read, fewer than {@code bytes} only at the end of the file.
   * @throws NativeException if the device fails otherwise than at single places.
   */
  public long read(MemorySegment target, long bytes, long offset) {
    if (bad == null) {
      try {
        return disk.read(target, bytes, offset);
      } catch (NativeException e) {
        requireOfMedium(e);
        bad = new TreeSet<>();
      }
    }
    return readInSteps(target, bytes, offset, STRETCH_BYTES);
  }

  private long readInSteps(MemorySegment target, long bytes, long offset, int stepBytes) {
    for (long at = 0; at < bytes; at += stepBytes) {
      long length = Math.min(stepBytes, bytes - at);
      long read = readStep(target.asSlice(at, length), length, offset + at);
      if (read < length) {
        return at + read;
      }
    }
    return bytes;
  }

  private long readStep(MemorySegment target, long bytes, long offset) {
    boolean single = bytes <= Disk.BLOCK_BYTES;
    long start = offset / Disk.BLOCK_BYTES;
    if (count(start, start + (bytes + Disk.BLOCK_BYTES - 1) / Disk.BLOCK_BYTES) == 0) {
      for (int attempt = 0; attempt < (single ? ATTEMPTS : 1); attempt++) {
        try {
          return disk.read(target, bytes, offset);
        } catch (NativeException e) {
          requireOfMedium(e);
          failure = single ? e : failure;
        }
      }
    }
    if (!single) {
      return readInSteps(target, bytes, offset, Disk.BLOCK_BYTES);
    }
    if (bad != null) {
      bad.add(start);
    }
    target.fill((byte) 0);
    return bytes;
  }

  private static void requireOfMedium(NativeException e) {
    if (!e.isOfMedium()) {
      throw e;
    }
  }

  /** Returns how many blocks from {@code start} to before {@code end} were given up. */
  public int count(long start, long end) {
    return bad == null || start >= end ? 0 : bad.subSet(start, end).size();
  }

  /** Returns why the last block was given up, or null if none was. */
  public @Nullable NativeException failure() {
    return failure;
  }
}
