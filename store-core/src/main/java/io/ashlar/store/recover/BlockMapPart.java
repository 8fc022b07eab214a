package io.ashlar.store.recover;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The used blocks of one stretch of 128 MiB. Few extents are kept as a sorted list; once the list
 * would be as large, there is one bit per block. Thread: one.
 */
final class BlockMapPart {

  /** How many blocks a part has. */
  static final int BLOCKS = 1 << 15;

  private static final int WORD_SHIFT = 6;
  private static final int EXTENTS_MIN = 4;
  static final int EXTENTS_MAX = 512; // 4 KiB, as the bits have
  private static final long OBJECT_BYTES = 48;

  private int[] starts = new int[EXTENTS_MIN]; // ascending; neighbours that touch are one
  private int[] ends = new int[EXTENTS_MIN];
  private int count;
  private long @Nullable [] bits;

  /** Allocates one bit per block at once, because many extents are expected. */
  void expectMany() {
    if (bits == null) {
      long[] _ = toBits();
    }
  }

  /** Returns about how much heap this takes. */
  long heapBytes() {
    return OBJECT_BYTES + (bits == null ? 8L * starts.length + 32 : BLOCKS / 8 + 32);
  }

  /**
   * Marks blocks from {@code from} to {@code to} (exclusive, more than {@code from}) as used.
   *
   * @return −1, or the first of them that is in use already; nothing was marked then.
   */
  int use(int from, int to) {
    long[] all = bits;
    if (all != null) {
      int taken = nextBit(all, from, 0);
      if (taken < to) {
        return taken;
      }
      set(all, from, to);
      return -1;
    }
    int at = firstEndingAfter(from);
    if (at < count && starts[at] < to) {
      return Math.max(starts[at], from);
    }
    insert(at, from, to);
    return -1;
  }

  /** Returns the bits of all blocks, 64 a word, or null while there is a list. */
  long @Nullable [] bits() {
    return bits;
  }

  /** Returns the first block from {@code from} on that is in use; {@link #BLOCKS} if none is. */
  int nextUsed(int from) {
    long[] all = bits;
    if (all != null) {
      return nextBit(all, from, 0);
    }
    int at = firstEndingAfter(from);
    return at == count ? BLOCKS : Math.max(from, starts[at]);
  }

  /** Returns the first block from {@code from} on that is not in use. */
  int nextFree(int from) {
    long[] all = bits;
    if (all != null) {
      return nextBit(all, from, -1);
    }
    int at = firstEndingAfter(from);
    return at < count && starts[at] <= from ? ends[at] : from;
  }

  /** Returns the first bit from {@code from} on that differs from those of {@code flip}. */
  private static int nextBit(long[] all, int from, long flip) {
    if (from >= BLOCKS) {
      return BLOCKS;
    }
    int at = from >> WORD_SHIFT;
    long word = (all[at] ^ flip) & -1L << from;
    while (word == 0) {
      at++;
      if (at == all.length) {
        return BLOCKS;
      }
      word = all[at] ^ flip;
    }
    return (at << WORD_SHIFT) + Long.numberOfTrailingZeros(word);
  }

  /** Sets bits; {@code to} is more than {@code from}. */
  private static void set(long[] all, int from, int to) {
    int first = from >> WORD_SHIFT;
    int last = (to - 1) >> WORD_SHIFT;
    long firstMask = -1L << from;
    long lastMask = -1L >>> -to;
    if (first == last) {
      all[first] |= firstMask & lastMask;
      return;
    }
    all[first] |= firstMask;
    Arrays.fill(all, first + 1, last, -1L);
    all[last] |= lastMask;
  }

  private int firstEndingAfter(int block) {
    int at = Arrays.binarySearch(ends, 0, count, block + 1);
    return at < 0 ? -at - 1 : at;
  }

  private void insert(int at, int from, int to) {
    boolean joinsBefore = at > 0 && ends[at - 1] == from;
    boolean joinsAfter = at < count && starts[at] == to;
    if (joinsBefore && joinsAfter) {
      ends[at - 1] = ends[at];
      System.arraycopy(starts, at + 1, starts, at, count - at - 1);
      System.arraycopy(ends, at + 1, ends, at, count - at - 1);
      count--;
    } else if (joinsBefore) {
      ends[at - 1] = to;
    } else if (joinsAfter) {
      starts[at] = from;
    } else if (count == EXTENTS_MAX) {
      set(toBits(), from, to);
    } else {
      makeRoom();
      System.arraycopy(starts, at, starts, at + 1, count - at);
      System.arraycopy(ends, at, ends, at + 1, count - at);
      starts[at] = from;
      ends[at] = to;
      count++;
    }
  }

  private void makeRoom() {
    if (count == starts.length) {
      starts = Arrays.copyOf(starts, 2 * count);
      ends = Arrays.copyOf(ends, 2 * count);
    }
  }

  private long[] toBits() {
    long[] all = new long[BLOCKS >> WORD_SHIFT];
    for (int i = 0; i < count; i++) {
      set(all, starts[i], ends[i]);
    }
    bits = all;
    starts = new int[0];
    ends = new int[0];
    count = 0;
    return all;
  }
}
