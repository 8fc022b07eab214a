package io.ashlar.store.space;

import java.util.Arrays;

/**
 * Holds freed extents back until rule L2 allows their reuse. An extent freed by record {@code s}
 * may be overwritten only after a record with a mark of at least {@code s}, and every record before
 * it, is durable.
 *
 * <p>Until then a crash may roll the store back to a state in which the old blob is live, or leave
 * recovery checking the old blob's bytes. The acknowledgement of record {@code s} is not enough,
 * nor is a checkpoint. Only a mark counts.
 *
 * <p>A ring in growing primitive arrays (24 bytes of heap for each waiting extent); nothing is
 * allocated in steady state. Thread: one at a time, the holder of the commit role.
 */
public final class DeferredFrees {
  private static final int CAPACITY_MIN = 64; // a power of two

  private final ExtentAllocator.RunVisitor released;
  private long[] sequences = new long[CAPACITY_MIN];
  private long[] starts = new long[CAPACITY_MIN];
  private long[] lengths = new long[CAPACITY_MIN];
  private long head; // counts extents released
  private long tail; // counts extents queued
  private long lastSequence = Long.MIN_VALUE;
  private long releasedThrough = Long.MIN_VALUE;
  private long pendingBlocks;

  /**
   * Creates an empty queue.
   *
   * @param released takes the extents that {@link #release} lets go.
   */
  public DeferredFrees(ExtentAllocator.RunVisitor released) {
    this.released = released;
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
    assert sequence > releasedThrough : "L2: a mark covers an extent that is only now being freed";
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
   * Lets go every extent freed by a record up to {@code markDurable}.
   *
   * @param markDurable the mark that the last record durable in order carries.
   * @return blocks released.
   * @throws IllegalStateException if an extent is free already: a double free.
   */
  public long release(long markDurable) {
    assert markDurable >= releasedThrough : "L2: the mark moved backwards";
    releasedThrough = markDurable;
    long count = 0;
    while (head != tail) {
      int slot = (int) head & (sequences.length - 1);
      if (sequences[slot] > markDurable) {
        break;
      }
      released.visit(starts[slot], lengths[slot]);
      count += lengths[slot];
      pendingBlocks -= lengths[slot];
      head++;
    }
    return count;
  }

  /** Returns the sequence of the extent queued last, or the least number there is. */
  long lastSequence() {
    return lastSequence;
  }

  /** Returns the number of blocks that wait. */
  public long pendingBlocks() {
    return pendingBlocks;
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
