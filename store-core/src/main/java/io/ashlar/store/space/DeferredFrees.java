package io.ashlar.store.space;

import java.util.Arrays;

/**
 * Holds freed extents back until rule L2 allows their reuse: an extent freed by record {@code s}
 * may be overwritten only once every record up to and including one that carries a mark of at least
 * {@code s} is durable.
 *
 * <p>Until then a crash may roll the store back to a state in which the old blob is live, or leave
 * recovery checking the old blob's bytes. The acknowledgement of record {@code s} is not enough,
 * and neither is a checkpoint: only a mark counts.
 *
 * <p>A ring in growing primitive arrays (24 bytes of heap for each waiting extent); nothing is
 * allocated in steady state. Thread: one at a time, the holder of the commit role.
 */
public final class DeferredFrees {
  private static final int CAPACITY_MIN = 64; // a power of two

  private final ExtentAllocator allocator;
  private long[] sequences = new long[CAPACITY_MIN];
  private long[] starts = new long[CAPACITY_MIN];
  private long[] lengths = new long[CAPACITY_MIN];
  private long head; // counts extents released
  private long tail; // counts extents queued
  private long lastSequence = Long.MIN_VALUE;
  private long releasedThrough = Long.MIN_VALUE;
  private long pendingBlocks;

  /** Called for each waiting extent by {@link #forEachPending}. */
  @FunctionalInterface
  public interface PendingVisitor {
    /**
     * Takes one extent that is freed and not yet reusable.
     *
     * @param sequence the record that freed it.
     * @param start its first block.
     * @param blocks its length, at least 1.
     */
    void visit(long sequence, long start, long blocks);
  }

  /**
   * Creates an empty queue.
   *
   * @param allocator takes the extents that {@link #release} lets go.
   */
  public DeferredFrees(ExtentAllocator allocator) {
    this.allocator = allocator;
  }

  /**
   * Queues an extent.
   *
   * @param sequence the record that frees it, not below that of the extent queued before.
   * @param start its first block.
   * @param blocks its length, at least 1.
   * @throws IllegalArgumentException if the sequence goes back or {@code blocks} is not positive.
   */
  public void free(long sequence, long start, long blocks) {
    if (sequence < lastSequence || start < 0 || blocks <= 0) {
      throw new IllegalArgumentException(
          "cannot defer free: sequence=%d, lastSequence=%d, start=%d, blocks=%d"
              .formatted(sequence, lastSequence, start, blocks));
    }
    assert sequence > releasedThrough : "L2: a mark covers what is only being freed now";
    if (tail - head == sequences.length) {
      grow();
    }
    int slot = (int) tail & (sequences.length - 1);
    sequences[slot] = sequence;
    starts[slot] = start;
    lengths[slot] = blocks;
    tail++;
    lastSequence = sequence;
    pendingBlocks += blocks;
  }

  /**
   * Gives the allocator every extent freed by a record up to {@code markDurable}.
   *
   * @param markDurable the mark that the last record durable in order carries.
   * @return blocks released.
   * @throws IllegalStateException if an extent is free already: a double free.
   */
  public long release(long markDurable) {
    assert markDurable >= releasedThrough : "L2: the mark went back";
    releasedThrough = markDurable;
    long released = 0;
    while (head != tail) {
      int slot = (int) head & (sequences.length - 1);
      if (sequences[slot] > markDurable) {
        break;
      }
      allocator.free(starts[slot], lengths[slot]);
      released += lengths[slot];
      pendingBlocks -= lengths[slot];
      head++;
    }
    return released;
  }

  /** Returns the sequence of the extent queued last, or the least number there is. */
  long lastSequence() {
    return lastSequence;
  }

  /** Returns the number of extents that wait. */
  public int pendingCount() {
    return (int) (tail - head);
  }

  /** Returns the number of blocks that wait. */
  public long pendingBlocks() {
    return pendingBlocks;
  }

  /** Visits the waiting extents, oldest first; the visitor must not change this. */
  public void forEachPending(PendingVisitor visitor) {
    for (long at = head; at != tail; at++) {
      int slot = (int) at & (sequences.length - 1);
      visitor.visit(sequences[slot], starts[slot], lengths[slot]);
    }
  }

  private void grow() {
    int old = sequences.length;
    int first = (int) head & (old - 1);
    int capacity = Math.multiplyExact(2, old);
    sequences = unrolled(sequences, first, capacity);
    starts = unrolled(starts, first, capacity);
    lengths = unrolled(lengths, first, capacity);
    tail -= head;
    head = 0;
  }

  /** Copies a full ring into a larger array so that its oldest element comes first. */
  private static long[] unrolled(long[] ring, int first, int capacity) {
    long[] grown = Arrays.copyOfRange(ring, first, first + capacity);
    System.arraycopy(ring, 0, grown, ring.length - first, first);
    return grown;
  }
}
