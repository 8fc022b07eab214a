package io.ashlar.tier.readback;

import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchEntry;
import io.ashlar.tier.batch.FrameTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A batch of blobs in memory, or frames of one, with an index of its ids. Where an id occurs more
 * than once, the last entry counts.
 *
 * <p>Thread: any, until it is closed; it must not be closed during a read. Memory: its own, off the
 * heap.
 */
public final class DecodedBatch implements AutoCloseable {
  private final Arena arena;
  private final Batch batch;
  private final IdTable offsets;

  private DecodedBatch(Arena arena, Batch batch, IdTable offsets) {
    this.arena = arena;
    this.batch = batch;
    this.offsets = offsets;
  }

  /**
   * Takes over a decoded batch.
   *
   * @param arena the shared arena that the batch lies in; this closes it, but not if it returns
   *     null.
   * @return null if a key is no id.
   */
  static @Nullable DecodedBatch of(Arena arena, Batch batch) {
    IdTable offsets = new IdTable(batch.count(), arena);
    long end = batch.header().bodyBytes();
    for (long offset = 0; offset < end; offset = batch.offsetAfter(offset)) {
      MemorySegment key = batch.entryAt(offset).key();
      if (!BlobKey.isId(key)) {
        return null;
      }
      offsets.put(BlobKey.high(key), BlobKey.low(key), offset, 0);
    }
    return new DecodedBatch(arena, batch, offsets);
  }

  /** Number of entries, repeated ids included. */
  public long entries() {
    return batch.count();
  }

  /** Bytes of the body. */
  public long bodyBytes() {
    return batch.header().bodyBytes();
  }

  /** Where the frames of a whole batch of version 3 lie in the object; null for others. */
  public @Nullable FrameTable frames() {
    return batch.frames();
  }

  /** Native memory in bytes. */
  public long bytes() {
    return bodyBytes() + offsets.bytes();
  }

  /** The data of a blob, read-only, valid until close; null if the batch does not hold it. */
  public @Nullable MemorySegment data(long high, long low) {
    long position = offsets.find(high, low);
    return position < 0 ? null : batch.entryAt(offsets.first(position)).data();
  }

  /** Receives the last entry of each id. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One blob, or one delete.
     *
     * @param data its bytes, read-only, valid until the batch is closed.
     * @param bodyOffset where its entry begins in the body.
     */
    void onEntry(long high, long low, MemorySegment data, long bodyOffset);
  }

  /** Visits the last entry of each id, in the batch's order. */
  public void forEach(Visitor visitor) {
    for (long offset = 0; offset < bodyBytes(); offset = batch.offsetAfter(offset)) {
      BatchEntry entry = batch.entryAt(offset);
      long high = BlobKey.high(entry.key());
      long low = BlobKey.low(entry.key());
      if (offsets.first(offsets.find(high, low)) == offset) {
        visitor.onEntry(high, low, entry.data(), offset);
      }
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
