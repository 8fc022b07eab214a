package io.ashlar.store.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The unit of space in the data file: a block of 4 KiB. */
public final class Blocks {

  /** The bytes of a block. */
  public static final int BYTES = 4096;

  /** The first block after the two superblock copies. */
  public static final long FIRST = 2;

  private static final MemorySegment ZEROES =
      Arena.global().allocate(BYTES, Long.BYTES).asReadOnly();

  private Blocks() {}

  /** Returns how many blocks hold {@code bytes} bytes; 0 for 0. */
  public static long count(long bytes) {
    return (bytes + BYTES - 1) >>> 12;
  }

  /** Returns {@code bytes} rounded up to whole blocks, in bytes. */
  public static long roundUp(long bytes) {
    return (bytes + BYTES - 1) & -BYTES;
  }

  /** Zeroes the bytes from {@code from} up to {@code to}, less than a block; allocates nothing. */
  public static void zero(MemorySegment bytes, long from, long to) {
    if (to > from) {
      MemorySegment.copy(ZEROES, 0, bytes, from, to - from);
    }
  }

  /** Returns the byte offset of a block. */
  public static long offset(long block) {
    return block << 12;
  }
}
