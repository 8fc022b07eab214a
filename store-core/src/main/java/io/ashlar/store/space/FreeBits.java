package io.ashlar.store.space;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A leaf of {@link FreeTree}: one bit for each of {@link #BLOCKS} blocks, set if the block is free.
 * Block {@code i} is bit {@code i % 64} of word {@code i / 64}.
 *
 * <p>Every method takes the memory and where in it the leaf begins. Thread: one at a time.
 */
final class FreeBits {
  /** The bytes of a leaf, as a power of two: few, because a change may look at all of them. */
  static final int BYTES_SHIFT = 7;

  /** The blocks of a leaf, as a power of two. */
  static final int BLOCKS_SHIFT = BYTES_SHIFT + 3;

  static final int BLOCKS = 1 << BLOCKS_SHIFT;

  // Its alignment is not checked again at each access.
  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int WORD_BITS = 64;
  private static final int WORDS = BLOCKS / WORD_BITS;

  private FreeBits() {}

  private static long word(MemorySegment memory, long leaf, int number) {
    return memory.get(WORD, leaf + ((long) number << 3));
  }

  /** Marks all blocks free, or all used. */
  static void fill(MemorySegment memory, long leaf, boolean free) {
    for (int i = 0; i < WORDS; i++) {
      memory.set(WORD, leaf + ((long) i << 3), free ? -1L : 0);
    }
  }

  /** Marks the blocks {@code [from, to)}, at least one. */
  static void set(MemorySegment memory, long leaf, int from, int to, boolean free) {
    int last = (to - 1) >>> 6;
    for (int i = from >>> 6; i <= last; i++) {
      long mask = mask(i, from, to);
      long old = word(memory, leaf, i);
      memory.set(WORD, leaf + ((long) i << 3), free ? old | mask : old & ~mask);
    }
  }

  /** Returns whether all blocks of {@code [from, to)}, at least one, are free, or all are used. */
  static boolean areAll(MemorySegment memory, long leaf, int from, int to, boolean free) {
    int last = (to - 1) >>> 6;
    for (int i = from >>> 6; i <= last; i++) {
      long mask = mask(i, from, to);
      if ((word(memory, leaf, i) & mask) != (free ? mask : 0)) {
        return false;
      }
    }
    return true;
  }

  /** Returns the bits of a word that stand for blocks of {@code [from, to)}; it has some. */
  private static long mask(int number, int from, int to) {
    int low = Math.max(0, from - number * WORD_BITS);
    int high = Math.min(WORD_BITS, to - number * WORD_BITS);
    return -1L << low & -1L >>> (WORD_BITS - high);
  }

  /** Returns the least block {@code s} such that all of {@code [s, to)} is free. */
  static int runStart(MemorySegment memory, long leaf, int to) {
    int at = to;
    while (at > 0) {
      int bits = ((at - 1) & (WORD_BITS - 1)) + 1; // of this word that lie below
      long below = word(memory, leaf, (at - 1) >>> 6) << (WORD_BITS - bits);
      int ones = Math.min(bits, Long.numberOfLeadingZeros(~below));
      at -= ones;
      if (ones < bits) {
        return at;
      }
    }
    return 0;
  }

  /** Returns the first used block at or above {@code from}, or {@link #BLOCKS}. */
  static int firstUsed(MemorySegment memory, long leaf, int from) {
    return first(memory, leaf, from, -1);
  }

  /** Returns the first free block at or above {@code from}, or {@link #BLOCKS}. */
  static int firstFree(MemorySegment memory, long leaf, int from) {
    return first(memory, leaf, from, 0);
  }

  private static int first(MemorySegment memory, long leaf, int from, long flip) {
    if (from >= BLOCKS) {
      return BLOCKS;
    }
    int number = from >>> 6;
    long bits = (word(memory, leaf, number) ^ flip) & -1L << from;
    while (bits == 0) {
      if (++number == WORDS) {
        return BLOCKS;
      }
      bits = word(memory, leaf, number) ^ flip;
    }
    return number * WORD_BITS + Long.numberOfTrailingZeros(bits);
  }

  /** Returns where the first run of at least {@code least} free blocks begins; there is one. */
  static int firstFit(MemorySegment memory, long leaf, int least) {
    int carry = 0; // free blocks just below the word
    for (int i = 0; i < WORDS; i++) {
      long bits = word(memory, leaf, i);
      if (bits == 0) {
        carry = 0;
        continue;
      }
      int low = Long.numberOfTrailingZeros(~bits);
      if (carry + low >= least) {
        return i * WORD_BITS - carry;
      }
      if (bits == -1L) {
        carry += WORD_BITS;
        continue;
      }
      long starts = starts(bits, least);
      if (starts != 0) {
        return i * WORD_BITS + Long.numberOfTrailingZeros(starts);
      }
      carry = Long.numberOfLeadingZeros(~bits);
    }
    throw new IllegalStateException("A3: a leaf has no run that is said to be there: " + least);
  }

  /**
   * Returns the length of the longest run in {@code [from, to)}, or {@code most} once a run of that
   * length was found: no run is longer.
   */
  static int longest(MemorySegment memory, long leaf, int from, int to, int most) {
    if (from >= to) {
      return 0;
    }
    int first = from >>> 6;
    int last = (to - 1) >>> 6;
    int best = 0;
    int carry = 0; // free blocks just below the word
    for (int i = first; i <= last && best < most; i++) {
      long bits = word(memory, leaf, i);
      if (i == first || i == last) {
        bits &= mask(i, from, to);
      }
      if (bits == -1L) {
        carry += WORD_BITS;
      } else if (bits == 0) {
        best = Math.max(best, carry);
        carry = 0;
      } else {
        best = Math.max(best, carry + Long.numberOfTrailingZeros(~bits));
        while (starts(bits, best + 1) != 0) {
          best++;
        }
        carry = Long.numberOfLeadingZeros(~bits);
      }
    }
    return Math.max(best, carry);
  }

  /** Returns a word with the bits at which {@code length} ones or more begin within it. */
  private static long starts(long bits, int length) {
    if (length > WORD_BITS) {
      return 0;
    }
    long starts = bits;
    for (int known = 1; known < length && starts != 0; ) {
      int step = Math.min(known, length - known);
      starts &= starts >>> step;
      known += step;
    }
    return starts;
  }
}
