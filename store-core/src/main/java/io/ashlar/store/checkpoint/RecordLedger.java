package io.ashlar.store.checkpoint;

import io.ashlar.store.space.BlockSpace;

/**
 * Where the log records lie that a durable superblock copy's generation still needs (rule L13),
 * oldest first: 24 bytes of heap each, bounded by the distance between checkpoints.
 *
 * <p>Thread: the commit role's holder, or recovery before that.
 */
public final class RecordLedger {

  private long[] entries = new long[3 * 1024];
  private int head;
  private int count;
  private long blocks;

  /** Creates an empty one. */
  public RecordLedger() {}

  /** Adds the next record. */
  public void add(long sequence, long block, long recordBlocks) {
    int capacity = entries.length / 3;
    if (count == capacity) {
      long[] larger = new long[entries.length * 2];
      int first = entries.length - 3 * head;
      System.arraycopy(entries, 3 * head, larger, 0, first);
      System.arraycopy(entries, 0, larger, first, 3 * head);
      entries = larger;
      head = 0;
      capacity *= 2;
    }
    int at = 3 * ((head + count) % capacity);
    entries[at] = sequence;
    entries[at + 1] = block;
    entries[at + 2] = recordBlocks;
    count++;
    blocks += recordBlocks;
  }

  /**
   * Frees records up to and including {@code sequence}, which no generation needs: the oldest
   * first, at most {@code most} of them.
   *
   * @return whether none is left to free.
   */
  boolean freeThrough(long sequence, BlockSpace space, int most) {
    int capacity = entries.length / 3;
    int left = most;
    while (count > 0 && entries[3 * head] <= sequence) {
      if (left-- == 0) {
        return false;
      }
      space.free(entries[3 * head + 1], entries[3 * head + 2]);
      blocks -= entries[3 * head + 2];
      head = (head + 1) % capacity;
      count--;
    }
    return true;
  }

  /** Receives records, oldest first. */
  @FunctionalInterface
  public interface RecordVisitor {

    /** One record. */
    void onRecord(long sequence, long block, long recordBlocks);
  }

  /** Visits all records. */
  public void forEach(RecordVisitor visitor) {
    int capacity = entries.length / 3;
    for (int i = 0; i < count; i++) {
      int at = 3 * ((head + i) % capacity);
      visitor.onRecord(entries[at], entries[at + 1], entries[at + 2]);
    }
  }

  /** Returns the blocks of all records in it. */
  public long blocks() {
    return blocks;
  }
}
