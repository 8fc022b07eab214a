package io.ashlar.store.recover;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The blocks in use of one stretch of 128 MiB: a sorted list of extents while there are few, a bit
 * for each block once the list would be as large. Thread: one.
 */
final class BlockMapPart {

  /** How many blocks a part has. */
  static final int BLOCKS = 1 << 15;

  private static final int EXTENTS_MIN = 4;
  private static final int EXTENTS_MAX = 512; // 4 KiB, as the bits have
  private static final long OBJECT_BYTES = 48;

  private int[] starts = new int[EXTENTS_MIN]; // ascending; neighbours that touch are one
  private int[] ends = new int[EXTENTS_MIN];
  private int count;
  private @Nullable BitSet bits;

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
    BitSet all = bits;
    if (all != null) {
      int taken = all.nextSetBit(from);
      if (taken >= 0 && taken < to) {
        return taken;
      }
      all.set(from, to);
      return -1;
    }
    int at = firstEndingAfter(from);
    if (at < count && starts[at] < to) {
      return Math.max(starts[at], from);
    }
    insert(at, from, to);
    return -1;
  }

  /** Returns the first block from {@code from} on that is in use; {@link #BLOCKS} if none is. */
  int nextUsed(int from) {
    BitSet all = bits;
    if (all != null) {
      int used = all.nextSetBit(from);
      return used < 0 ? BLOCKS : used;
    }
    int at = firstEndingAfter(from);
    return at == count ? BLOCKS : Math.max(from, starts[at]);
  }

  /** Returns the first block from {@code from} on that is not in use. */
  int nextFree(int from) {
    BitSet all = bits;
    if (all != null) {
      return all.nextClearBit(from);
    }
    int at = firstEndingAfter(from);
    return at < count && starts[at] <= from ? ends[at] : from;
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
      toBits().set(from, to);
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

  private BitSet toBits() {
    BitSet all = new BitSet(BLOCKS);
    for (int i = 0; i < count; i++) {
      all.set(starts[i], ends[i]);
    }
    bits = all;
    starts = new int[0];
    ends = new int[0];
    count = 0;
    return all;
  }
}
