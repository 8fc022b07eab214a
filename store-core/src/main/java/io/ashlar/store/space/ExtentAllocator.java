package io.ashlar.store.space;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Allocates extents (runs of 4 KiB blocks) of the data file. It takes the front of the
 * lowest-addressed free run that is long enough (address-ordered first fit). Neighbouring free runs
 * are one run.
 *
 * <p>First fit by address depends only on which blocks are free, never on the order in which they
 * became free. So the file's layout is deterministic and stays compact for vacuum. It fragments as
 * little as best fit (Johnstone and Wilson, <i>The memory fragmentation problem: solved?</i>, ISMM
 * 1998).
 *
 * <p>The free runs are nodes of a treap ordered by start block (Seidel and Aragon, <i>Randomized
 * search trees</i>, 1996) whose priorities are a hash of the node's number; every node also knows
 * the longest run of its subtree. All operations take expected O(log runs) and allocate nothing
 * unless the number of runs reaches a new maximum (32 bytes of heap for each run).
 *
 * <p>Invariants: <b>A1</b> runs do not overlap or touch; <b>A2</b> no run is empty; <b>A3</b>
 * {@link #freeBlocks()} is the sum of all runs; <b>A4</b> an extent handed out is not handed out
 * again before it was freed (promise G13).
 *
 * <p>Thread: one at a time, the holder of the commit role. Memory: plain heap arrays, nothing to
 * close.
 */
public final class ExtentAllocator {
  /** Start blocks and lengths stay below this: an index entry has 48 bits for a block number. */
  public static final long BLOCKS_MAX = 1L << 48;

  private static final int NONE = 0;
  private static final int NODES_MIN = 64;
  private static final VarHandle FREE;

  static {
    try {
      FREE = MethodHandles.lookup().findVarHandle(ExtentAllocator.class, "freeBlocks", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Node 0 stands for "no node": its longest run is 0 and its priority is never compared.
  private long[] start = new long[NODES_MIN];
  private long[] length = new long[NODES_MIN];
  private long[] longest = new long[NODES_MIN];
  private int[] left = new int[NODES_MIN];
  private int[] right = new int[NODES_MIN];

  // The nodes from the root to the one last looked for; those above it are refreshed from it.
  private int[] path = new int[NODES_MIN];
  private int depth;
  private int ceiling;

  private int root = NONE;
  private int nodesUsed = 1;
  private int recycled = NONE; // linked through left[]
  private int splitLow;
  private int splitHigh;
  private long allocatedBlocks;

  @SuppressWarnings("unused") // through FREE: written by the owner, read by any (opaque)
  private long freeBlocks;

  /** Called for each free run by {@link #forEachFree}. */
  @FunctionalInterface
  public interface RunVisitor {
    /**
     * Takes one maximal free run.
     *
     * @param start its first block.
     * @param blocks its length, at least 1.
     */
    void visit(long start, long blocks);
  }

  /** Creates an allocator without any free block. */
  public ExtentAllocator() {}

  /**
   * Takes {@code blocks} blocks from the front of the lowest-addressed free run that has as many.
   *
   * @return the first block, or -1 when no free run is long enough (nothing changed).
   * @throws IllegalArgumentException if {@code blocks} is not positive.
   */
  public long allocate(long blocks) {
    return allocate(blocks, blocks);
  }

  /**
   * Takes from {@code least} to {@code most} blocks from the front of the lowest-addressed free run
   * that has {@code least}. It takes as many as the run has; {@link #allocatedBlocks} then says how
   * many.
   *
   * @return the first block, or -1 when no free run is long enough (nothing changed).
   * @throws IllegalArgumentException if {@code least} is not positive, or above {@code most}.
   */
  public long allocate(long least, long most) {
    if (least <= 0 || least > most) {
      throw new IllegalArgumentException("blocks out of range: least=" + least + ", most=" + most);
    }
    if (longest[root] < least) {
      return -1;
    }
    depth = 0;
    int node = root;
    while (true) {
      push(node);
      if (longest[left[node]] >= least) {
        node = left[node];
      } else if (length[node] >= least) {
        break;
      } else {
        node = right[node];
      }
    }
    long taken = start[node];
    long blocks = Math.min(length[node], most);
    allocatedBlocks = blocks;
    addFreeBlocks(-blocks);
    if (length[node] == blocks) {
      removeAtPath();
    } else {
      start[node] += blocks;
      length[node] -= blocks;
      refreshPath();
    }
    return taken;
  }

  /** Returns how many blocks the last successful {@link #allocate} took. */
  public long allocatedBlocks() {
    return allocatedBlocks;
  }

  /**
   * Takes exactly the extent {@code [start, start + blocks)}.
   *
   * @return false when not all of it is free (nothing changed).
   * @throws IllegalArgumentException if the extent is empty or outside of {@link #BLOCKS_MAX}.
   */
  public boolean allocateAt(long start, long blocks) {
    checkExtent(start, blocks);
    int node = seekFloor(start);
    if (node == NONE || this.start[node] + length[node] < start + blocks) {
      return false;
    }
    long end = this.start[node] + length[node];
    long before = start - this.start[node];
    long after = end - (start + blocks);
    addFreeBlocks(-blocks);
    if (before > 0) {
      length[node] = before;
      refreshPath();
      if (after > 0) {
        insert(start + blocks, after);
      }
    } else if (after > 0) {
      this.start[node] = start + blocks;
      length[node] = after;
      refreshPath();
    } else {
      removeAtPath();
    }
    return true;
  }

  /**
   * Gives an extent back; it may be allocated again at once (rule L2 is {@link DeferredFrees}'s).
   *
   * @throws IllegalStateException if any of it is free already: a double free, nothing changed.
   * @throws IllegalArgumentException if the extent is empty or outside of {@link #BLOCKS_MAX}.
   */
  public void free(long start, long blocks) {
    checkExtent(start, blocks);
    long end = start + blocks;
    int previous = seekFloor(start);
    int next = ceiling;
    if ((previous != NONE && this.start[previous] + length[previous] > start)
        || (next != NONE && this.start[next] < end)) {
      throw new IllegalStateException(
          "extent freed twice: start="
              + start
              + ", blocks="
              + blocks
              + ", freeBlocks="
              + freeBlocks());
    }
    boolean joinsPrevious = previous != NONE && this.start[previous] + length[previous] == start;
    boolean joinsNext = next != NONE && this.start[next] == end;
    addFreeBlocks(blocks);
    if (joinsPrevious) {
      length[previous] += blocks + (joinsNext ? length[next] : 0);
      refreshPath();
      if (joinsNext) {
        seekFloor(end);
        removeAtPath();
      }
    } else if (joinsNext) {
      seekFloor(end);
      this.start[next] = start;
      length[next] += blocks;
      refreshPath();
    } else {
      insert(start, blocks);
    }
  }

  /**
   * Adds blocks that were never handed out: growth of the file, or the gaps found at open. Adding
   * in ascending address order is the cheap way to rebuild.
   *
   * @throws IllegalStateException if any of them is free already (nothing changed).
   * @throws IllegalArgumentException if the extent is empty or outside of {@link #BLOCKS_MAX}.
   */
  public void addFree(long start, long blocks) {
    free(start, blocks);
  }

  /** Returns the number of free blocks. Thread: any; others than the owner see a recent count. */
  public long freeBlocks() {
    return (long) FREE.getOpaque(this);
  }

  private void addFreeBlocks(long blocks) {
    FREE.setOpaque(this, freeBlocks() + blocks);
  }

  /** Returns the length in blocks of the longest free run, 0 when nothing is free. */
  public long longestFree() {
    return longest[root];
  }

  /**
   * Returns where the free space at the end of {@code [0, endBlock)} begins. That is the start of
   * the free run that holds block {@code endBlock - 1}, or {@code endBlock} if that block is in
   * use.
   */
  public long firstFreeTail(long endBlock) {
    if (endBlock <= 0) {
      return endBlock;
    }
    int node = seekFloor(endBlock - 1);
    return node != NONE && start[node] + length[node] >= endBlock ? start[node] : endBlock;
  }

  /** Visits all free runs in ascending address order; the visitor must not change this. */
  public void forEachFree(RunVisitor visitor) {
    visit(root, visitor);
  }

  private void visit(int node, RunVisitor visitor) {
    if (node != NONE) {
      visit(left[node], visitor);
      visitor.visit(start[node], length[node]);
      visit(right[node], visitor);
    }
  }

  private static void checkExtent(long start, long blocks) {
    if (start < 0 || blocks <= 0 || start > BLOCKS_MAX - blocks) {
      throw new IllegalArgumentException(
          "extent out of range: start=" + start + ", blocks=" + blocks);
    }
  }

  /**
   * Finds the run with the greatest start at or below {@code block} and leaves its path; leaves the
   * run after it in {@link #ceiling}.
   */
  private int seekFloor(long block) {
    depth = 0;
    int found = NONE;
    int foundDepth = 0;
    ceiling = NONE;
    int node = root;
    while (node != NONE) {
      push(node);
      if (start[node] <= block) {
        found = node;
        foundDepth = depth;
        node = right[node];
      } else {
        ceiling = node;
        node = left[node];
      }
    }
    depth = foundDepth;
    return found;
  }

  private void insert(long first, long blocks) {
    int added = newNode(first, blocks);
    depth = 0;
    int node = root;
    while (node != NONE && priority(node) >= priority(added)) {
      push(node);
      node = first < start[node] ? left[node] : right[node];
    }
    split(node, first);
    left[added] = splitLow;
    right[added] = splitHigh;
    refresh(added);
    attach(depth, node, added);
    refreshPath();
  }

  private void removeAtPath() {
    int node = path[--depth];
    attach(depth, node, merge(left[node], right[node]));
    refreshPath();
    left[node] = recycled;
    recycled = node;
  }

  /** Puts {@code replacement} where {@code node} hangs, below the node at {@code path[at - 1]}. */
  private void attach(int at, int node, int replacement) {
    if (at == 0) {
      root = replacement;
      return;
    }
    int parent = path[at - 1];
    boolean lower = node == NONE ? start[replacement] < start[parent] : left[parent] == node;
    if (lower) {
      left[parent] = replacement;
    } else {
      right[parent] = replacement;
    }
  }

  /** Parts a subtree into the runs below {@code first} and those above. */
  private void split(int node, long first) {
    if (node == NONE) {
      splitLow = NONE;
      splitHigh = NONE;
    } else if (start[node] < first) {
      split(right[node], first);
      right[node] = splitLow;
      refresh(node);
      splitLow = node;
    } else {
      split(left[node], first);
      left[node] = splitHigh;
      refresh(node);
      splitHigh = node;
    }
  }

  private int merge(int low, int high) {
    if (low == NONE) {
      return high;
    }
    if (high == NONE) {
      return low;
    }
    if (priority(low) >= priority(high)) {
      right[low] = merge(right[low], high);
      refresh(low);
      return low;
    }
    left[high] = merge(low, left[high]);
    refresh(high);
    return high;
  }

  private void refreshPath() {
    for (int i = depth - 1; i >= 0; i--) {
      refresh(path[i]);
    }
  }

  private void refresh(int node) {
    longest[node] = Math.max(length[node], Math.max(longest[left[node]], longest[right[node]]));
  }

  private void push(int node) {
    if (depth == path.length) {
      path = Arrays.copyOf(path, 2 * depth);
    }
    path[depth++] = node;
  }

  private int newNode(long first, long blocks) {
    int node = recycled;
    if (node != NONE) {
      recycled = left[node];
    } else {
      if (nodesUsed == start.length) {
        int capacity = Math.multiplyExact(2, nodesUsed);
        start = Arrays.copyOf(start, capacity);
        length = Arrays.copyOf(length, capacity);
        longest = Arrays.copyOf(longest, capacity);
        left = Arrays.copyOf(left, capacity);
        right = Arrays.copyOf(right, capacity);
      }
      node = nodesUsed++;
    }
    start[node] = first;
    length[node] = blocks;
    return node;
  }

  /** A hash of the node's number (the finalizer of MurmurHash3), so that runs repeat. */
  private static int priority(int node) {
    int hash = node;
    hash ^= hash >>> 16;
    hash *= 0x85ebca6b;
    hash ^= hash >>> 13;
    hash *= 0xc2b2ae35;
    return hash ^ (hash >>> 16);
  }
}
