package io.ashlar.store.space;

import static io.ashlar.store.space.TreePages.NONE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A set of free blocks in native memory: a bitmap whose leaves hang from a tree of summaries.
 *
 * <p>A node has 16 children, and for each of them three lengths in blocks: the free run at its
 * start, its longest free run, the free run at its end. So the first run that is long enough is
 * found from the root down, as in the page allocator of the Go runtime ({@code mpagealloc.go}). A
 * child without a page is all free or all used, whichever its summary says. So a hole of terabytes
 * takes no memory.
 *
 * <pre>
 *   page of a node   byte 0..127    start of each child  16 x 8 bytes
 *                         128..255  longest of each      16 x 8 bytes
 *                         256..383  end of each          16 x 8 bytes
 *                         384..447  page of each         16 x 4 bytes, 0 for none
 *   page of a leaf   1,024 bits: see {@link FreeBits}
 * </pre>
 *
 * <p>A change visits the nodes from the root to its leaf, and each of them again only while a
 * summary changes. It takes O(log blocks) and allocates no heap memory.
 *
 * <p>Thread: one at a time. Memory: a page of 128 bytes for each leaf that is neither all free nor
 * all used, and one of 512 for each node above such a leaf; see {@link TreePages} for its lifetime.
 */
final class FreeTree {
  // Their alignment is not checked again at each access.
  private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt PAGE = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int LEAF_SHIFT = FreeBits.BLOCKS_SHIFT;
  private static final int FAN_SHIFT = 4;
  private static final int FAN = 1 << FAN_SHIFT;
  private static final long LONGEST = 8L * FAN;
  private static final long END = 16L * FAN;
  private static final long CHILD = 24L * FAN;
  private static final int NODE_BYTES_SHIFT = 9;
  private static final int LEVELS_MAX = 10; // 16^10 leaves have more than 2^48 blocks
  private static final int NODES_A_CHANGE = 3 * LEVELS_MAX; // two paths, and new roots
  private static final int LEAVES_A_CHANGE = 2;

  private final Arena arena = Arena.ofShared();
  private final TreePages nodes = new TreePages(arena, NODE_BYTES_SHIFT);
  private final TreePages leaves = new TreePages(arena, FreeBits.BYTES_SHIFT);
  private int root;
  private int levels = 1; // of the root; leaves are at level 0
  private long rootLongest;
  private boolean conflict;

  // The summary of the page that was changed last.
  private long start;
  private long longest;
  private long end;

  // The run that forEach has not passed on yet.
  private long runStart;
  private long runEnd;

  FreeTree() {
    boolean done = false;
    try {
      reserve();
      root = newPage(1, false);
      done = true;
    } finally {
      if (!done) {
        arena.close();
      }
    }
  }

  /** Frees the memory. Nothing may be called after this. */
  void close() {
    arena.close();
  }

  private void reserve() {
    nodes.reserve(NODES_A_CHANGE);
    leaves.reserve(LEAVES_A_CHANGE);
  }

  private static int shift(int level) {
    return LEAF_SHIFT + level * FAN_SHIFT;
  }

  private long covered() {
    return 1L << shift(levels);
  }

  /** Returns the length of the longest free run, 0 if there is none. */
  long longest() {
    return rootLongest;
  }

  /**
   * Marks used blocks {@code [from, to)} free, or free ones used.
   *
   * @return false if any of them is already what it should become (nothing changed).
   * @throws io.ashlar.uring.NativeException if memory cannot be had (nothing changed).
   */
  boolean mark(long from, long to, boolean free) {
    if (!free && to > covered()) {
      return false;
    }
    reserve();
    while (to > covered()) {
      addRoot();
    }
    boolean inOneLeaf =
        from >>> LEAF_SHIFT == (to - 1) >>> LEAF_SHIFT; // which is checked on the way
    if (!inOneLeaf && (free ? firstFree(root, levels, from) : firstUsed(root, levels, from)) < to) {
      return false;
    }
    conflict = false;
    if (change(root, levels, from, to, free)) {
      rootLongest = longest;
    }
    return !conflict;
  }

  private void addRoot() {
    int old = root;
    root = newPage(levels + 1, false);
    summarize(nodes.chunkOf(old), nodes.offsetOf(old), shift(levels - 1));
    setChild(nodes.chunkOf(root), nodes.offsetOf(root), 0, keptOrNone(old, levels));
    levels++;
  }

  /** Changes a node; returns whether its summary, which is computed then, may have changed. */
  private boolean change(int page, int level, long from, long to, boolean free) {
    MemorySegment memory = nodes.chunkOf(page);
    long node = nodes.offsetOf(page);
    int shift = shift(level - 1);
    long childBlocks = 1L << shift;
    int last = (int) ((to - 1) >>> shift);
    boolean changed = false;
    for (int i = (int) (from >>> shift); i <= last; i++) {
      long first = (long) i << shift;
      long childFrom = Math.max(0, from - first);
      long childTo = Math.min(childBlocks, to - first);
      changed |=
          childTo - childFrom == childBlocks
              ? changeWhole(memory, node, i, level - 1, free)
              : changePart(memory, node, i, level - 1, childFrom, childTo, free);
    }
    if (changed) {
      summarize(memory, node, shift);
    }
    return changed;
  }

  private boolean changeWhole(MemorySegment memory, long node, int i, int level, boolean free) {
    giveBackAll(child(memory, node, i), level);
    start = free ? 1L << shift(level) : 0;
    longest = start;
    end = start;
    setChild(memory, node, i, NONE);
    return true;
  }

  private boolean changePart(
      MemorySegment memory, long node, int i, int level, long from, long to, boolean free) {
    long oldStart = start(memory, node, i);
    long oldLongest = longest(memory, node, i);
    long oldEnd = end(memory, node, i);
    int page = child(memory, node, i);
    if (page == NONE) {
      boolean isFree = oldLongest > 0;
      if (isFree == free) {
        conflict = true;
        return false;
      }
      page = newPage(level, isFree);
      memory.set(PAGE, node + CHILD + ((long) i << 2), page);
    }
    if (level > 0) {
      if (!change(page, level, from, to, free)) {
        return false;
      }
    } else {
      start = oldStart;
      longest = oldLongest;
      end = oldEnd;
      changeLeaf(page, (int) from, (int) to, free);
    }
    if (start == oldStart && longest == oldLongest && end == oldEnd) {
      return false;
    }
    setChild(memory, node, i, keptOrNone(page, level));
    return true;
  }

  /** Changes a leaf, and its summary, which is that of before. */
  private void changeLeaf(int page, int from, int to, boolean free) {
    MemorySegment memory = leaves.chunkOf(page);
    long leaf = leaves.offsetOf(page);
    if (!FreeBits.areAll(memory, leaf, from, to, !free)) {
      conflict = true;
      return;
    }
    int first = FreeBits.runStart(memory, leaf, from);
    int behind = FreeBits.firstUsed(memory, leaf, to);
    FreeBits.set(memory, leaf, from, to, free);
    if (first == 0) {
      start = free ? behind : from;
    }
    if (behind == FreeBits.BLOCKS) {
      end = (long) FreeBits.BLOCKS - (free ? first : to);
    }
    int run = behind - first;
    if (free) {
      longest = Math.max(longest, run);
    } else if (run == longest) {
      // A run of that length is likely to follow, and what precedes is full after first fit.
      longest = FreeBits.longest(memory, leaf, to, FreeBits.BLOCKS, run);
      if (longest < run) {
        longest = Math.max(longest, FreeBits.longest(memory, leaf, 0, from, run));
      }
    }
  }

  /** Computes a node's summary from those of its children. */
  private void summarize(MemorySegment memory, long node, int shift) {
    long childBlocks = 1L << shift;
    long best = 0;
    long run = 0; // free blocks just below the child
    long first = -1;
    for (int i = 0; i < FAN; i++) {
      long childStart = start(memory, node, i);
      run += childStart;
      if (childStart < childBlocks) {
        best = Math.max(best, Math.max(run, longest(memory, node, i)));
        first = first < 0 ? run : first;
        run = end(memory, node, i);
      }
    }
    start = first < 0 ? run : first;
    longest = Math.max(best, run);
    end = run;
  }

  /** Gives a page back whose summary says that it is all free or all used; returns the rest. */
  private int keptOrNone(int page, int level) {
    if (longest > 0 && longest < 1L << shift(level)) {
      return page;
    }
    pages(level).giveBack(page); // its children have no page either
    return NONE;
  }

  private void giveBackAll(int page, int level) {
    if (page == NONE) {
      return;
    }
    if (level > 0) {
      for (int i = 0; i < FAN; i++) {
        giveBackAll(child(nodes.chunkOf(page), nodes.offsetOf(page), i), level - 1);
      }
    }
    pages(level).giveBack(page);
  }

  private TreePages pages(int level) {
    return level == 0 ? leaves : nodes;
  }

  private int newPage(int level, boolean free) {
    TreePages pages = pages(level);
    int page = pages.take();
    MemorySegment memory = pages.chunkOf(page);
    long node = pages.offsetOf(page);
    if (level == 0) {
      FreeBits.fill(memory, node, free);
      return page;
    }
    start = free ? 1L << shift(level - 1) : 0;
    longest = start;
    end = start;
    for (int i = 0; i < FAN; i++) {
      setChild(memory, node, i, NONE);
    }
    return page;
  }

  /**
   * Returns the first block of the lowest run that has {@code least} free blocks, or −1.
   *
   * @param least at least 1.
   */
  long firstFit(long least) {
    if (rootLongest < least) {
      return -1;
    }
    int page = root;
    long first = 0; // block of the page
    for (int level = levels; level > 0; level--) {
      MemorySegment memory = nodes.chunkOf(page);
      long node = nodes.offsetOf(page);
      int shift = shift(level - 1);
      long run = 0; // free blocks just below the child
      int i = 0;
      while (true) {
        long childStart = start(memory, node, i);
        if (run + childStart >= least) {
          return first + ((long) i << shift) - run;
        }
        if (longest(memory, node, i) >= least) {
          break;
        }
        run = childStart == 1L << shift ? run + childStart : end(memory, node, i);
        i++;
      }
      first += (long) i << shift;
      page = child(memory, node, i);
    }
    return first + FreeBits.firstFit(leaves.chunkOf(page), leaves.offsetOf(page), (int) least);
  }

  /** Returns the first used block at or above {@code from}; from the end of the tree on all are. */
  long firstUsed(long from) {
    return from >= covered() ? from : firstUsed(root, levels, from);
  }

  private long firstUsed(int page, int level, long from) {
    if (level == 0) {
      return FreeBits.firstUsed(leaves.chunkOf(page), leaves.offsetOf(page), (int) from);
    }
    MemorySegment memory = nodes.chunkOf(page);
    long node = nodes.offsetOf(page);
    int shift = shift(level - 1);
    long childBlocks = 1L << shift;
    for (int i = (int) (from >>> shift); i < FAN; i++) {
      long first = (long) i << shift;
      long inside = Math.max(0, from - first);
      long childStart = start(memory, node, i);
      if (childStart == childBlocks) {
        continue;
      }
      int child = child(memory, node, i);
      if (inside == 0 || child == NONE) {
        return first + inside + childStart;
      }
      long found = firstUsed(child, level - 1, inside);
      if (found < childBlocks) {
        return first + found;
      }
    }
    return (long) FAN << shift;
  }

  private long firstFree(int page, int level, long from) {
    if (level == 0) {
      return FreeBits.firstFree(leaves.chunkOf(page), leaves.offsetOf(page), (int) from);
    }
    MemorySegment memory = nodes.chunkOf(page);
    long node = nodes.offsetOf(page);
    int shift = shift(level - 1);
    for (int i = (int) (from >>> shift); i < FAN; i++) {
      if (longest(memory, node, i) > 0) {
        long first = (long) i << shift;
        long inside = Math.max(0, from - first);
        int child = child(memory, node, i);
        long found = child == NONE ? inside : firstFree(child, level - 1, inside);
        if (found < 1L << shift) {
          return first + found;
        }
      }
    }
    return (long) FAN << shift;
  }

  /** Returns the least block {@code s} such that all of {@code [s, to)} is free. */
  long runStart(long to) {
    return to <= 0 || to > covered() ? to : runStart(root, levels, to);
  }

  private long runStart(int page, int level, long to) {
    if (level == 0) {
      return FreeBits.runStart(leaves.chunkOf(page), leaves.offsetOf(page), (int) to);
    }
    MemorySegment memory = nodes.chunkOf(page);
    long node = nodes.offsetOf(page);
    int shift = shift(level - 1);
    long childBlocks = 1L << shift;
    for (int i = (int) ((to - 1) >>> shift); i >= 0; i--) {
      long first = (long) i << shift;
      long inside = Math.min(childBlocks, to - first);
      int child = child(memory, node, i);
      long found;
      if (inside == childBlocks) {
        found = childBlocks - end(memory, node, i);
      } else if (child == NONE) {
        found = start(memory, node, i) > 0 ? 0 : inside;
      } else {
        found = runStart(child, level - 1, inside);
      }
      if (found > 0) {
        return first + found;
      }
    }
    return 0;
  }

  /** Visits all free runs in ascending order. */
  void forEach(ExtentAllocator.RunVisitor visitor) {
    runStart = 0;
    runEnd = 0;
    visit(root, levels, 0, visitor);
    add(Long.MAX_VALUE, Long.MAX_VALUE, visitor);
  }

  private void visit(int page, int level, long first, ExtentAllocator.RunVisitor visitor) {
    MemorySegment memory = pages(level).chunkOf(page);
    long node = pages(level).offsetOf(page);
    if (level == 0) {
      int from = FreeBits.firstFree(memory, node, 0);
      while (from < FreeBits.BLOCKS) {
        int to = FreeBits.firstUsed(memory, node, from);
        add(first + from, first + to, visitor);
        from = FreeBits.firstFree(memory, node, to);
      }
      return;
    }
    int shift = shift(level - 1);
    for (int i = 0; i < FAN; i++) {
      long childFirst = first + ((long) i << shift);
      int child = child(memory, node, i);
      if (child != NONE) {
        visit(child, level - 1, childFirst, visitor);
      } else if (longest(memory, node, i) > 0) {
        add(childFirst, childFirst + (1L << shift), visitor);
      }
    }
  }

  /** Joins a run to the one before, or passes that on. */
  private void add(long from, long to, ExtentAllocator.RunVisitor visitor) {
    if (from > runEnd) {
      if (runEnd > runStart) {
        visitor.visit(runStart, runEnd - runStart);
      }
      runStart = from;
    }
    runEnd = to;
  }

  private static long start(MemorySegment memory, long node, int i) {
    return memory.get(LENGTH, node + ((long) i << 3));
  }

  private static long longest(MemorySegment memory, long node, int i) {
    return memory.get(LENGTH, node + LONGEST + ((long) i << 3));
  }

  private static long end(MemorySegment memory, long node, int i) {
    return memory.get(LENGTH, node + END + ((long) i << 3));
  }

  private static int child(MemorySegment memory, long node, int i) {
    return memory.get(PAGE, node + CHILD + ((long) i << 2));
  }

  /** Writes a child's page, and the summary that was computed last. */
  private void setChild(MemorySegment memory, long node, int i, int page) {
    memory.set(LENGTH, node + ((long) i << 3), start);
    memory.set(LENGTH, node + LONGEST + ((long) i << 3), longest);
    memory.set(LENGTH, node + END + ((long) i << 3), end);
    memory.set(PAGE, node + CHILD + ((long) i << 2), page);
  }
}
