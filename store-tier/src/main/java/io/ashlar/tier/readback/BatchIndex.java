package io.ashlar.tier.readback;

import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.batch.FramedIndex;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The index of a batch of blobs, read without the blobs.
 *
 * <p>Thread: any, until it is closed. Memory: its own, off the heap; the table of frames on it.
 */
public final class BatchIndex implements AutoCloseable {
  private final Arena arena;
  private final FramedIndex index;

  private BatchIndex(Arena arena, FramedIndex index) {
    this.arena = arena;
    this.index = index;
  }

  /**
   * Takes over a decoded index.
   *
   * @param arena what it lies in; this closes it, but not if it returns null.
   * @return null if a key is no id.
   */
  static @Nullable BatchIndex of(Arena arena, FramedIndex index) {
    boolean[] ids = {true};
    index.forEach((key, entry) -> ids[0] &= BlobKey.isId(key));
    return ids[0] ? new BatchIndex(arena, index) : null;
  }

  /** Where the frames lie in the object. */
  public FrameTable frames() {
    return index.frames();
  }

  /** Receives the last entry of each id. */
  @FunctionalInterface
  public interface Visitor {
    /** One blob, or one delete. */
    void onEntry(long high, long low, FramedIndex.Entry entry);
  }

  /** Visits the last entry of each id, in the order of ids. */
  public void forEach(Visitor visitor) {
    long[] id = new long[2];
    FramedIndex.Entry[] last = new FramedIndex.Entry[1];
    index.forEach((key, entry) -> {
      long high = BlobKey.high(key);
      long low = BlobKey.low(key);
      if (last[0] != null && (high != id[0] || low != id[1])) {
        visitor.onEntry(id[0], id[1], last[0]);
      }
      id[0] = high;
      id[1] = low;
      last[0] = entry;
    });
    if (last[0] != null) {
      visitor.onEntry(id[0], id[1], last[0]);
    }
  }

  /** Frees the memory; idempotent. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
