package io.ashlar.tier.batch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A decoded batch: its header and its entries in their order. All entries were checked when it was
 * decoded, so iterating cannot fail. Nothing is kept per entry: a batch of any count costs its
 * body.
 *
 * <p>Thread: that of the arena it lies in; one thread if it was opened from a file. Memory: closing
 * it frees what {@link BatchDecoder#open} took, and does nothing for one decoded into an arena.
 */
public final class Batch implements Iterable<BatchEntry>, AutoCloseable {
  private final BatchHeader header;
  private final MemorySegment body;
  private final @Nullable Arena owned;
  private final @Nullable FramedHeader framedHeader;
  private final @Nullable FrameTable frames;

  Batch(BatchHeader header, MemorySegment body, @Nullable Arena owned) {
    this(header, body, owned, null, null);
  }

  private Batch(
      BatchHeader header,
      MemorySegment body,
      @Nullable Arena owned,
      @Nullable FramedHeader framedHeader,
      @Nullable FrameTable frames) {
    this.header = header;
    this.body = body.asReadOnly();
    this.owned = owned;
    this.framedHeader = framedHeader;
    this.frames = frames;
  }

  /** A batch of version 3, read whole. */
  static Batch framed(
      BatchHeader header,
      @Nullable FramedHeader framedHeader,
      FrameTable frames,
      MemorySegment body) {
    return new Batch(header, body, null, framedHeader, frames);
  }

  /** The same batch, which frees the memory it lies in when it is closed. */
  Batch owning(Arena arena) {
    return new Batch(header, body, arena, framedHeader, frames);
  }

  /** The header, as read. */
  public BatchHeader header() {
    return header;
  }

  /** What the header of version 3 says besides; null for the other versions, or parts of one. */
  public @Nullable FramedHeader framedHeader() {
    return framedHeader;
  }

  /** Where the frames of version 3 lie; null for the other versions, or parts of one. */
  public @Nullable FrameTable frames() {
    return frames;
  }

  MemorySegment body() {
    return body;
  }

  /** Number of entries. */
  public long count() {
    return header.entries();
  }

  /**
   * The entry that begins at {@code offset} of the body: 0 for the first, else what {@link
   * #offsetAfter} gave.
   *
   * @throws IndexOutOfBoundsException if {@code offset} is none of these, as far as that is seen.
   */
  public BatchEntry entryAt(long offset) {
    MemorySegment key = BatchCodec.field(body, offset);
    return new BatchEntry(key, BatchCodec.field(body, offset + Integer.BYTES + key.byteSize()));
  }

  /** Where the entry after the one at {@code offset} begins; the body's length after the last. */
  public long offsetAfter(long offset) {
    BatchEntry entry = entryAt(offset);
    return offset
        + BatchCodec.ENTRY_FRAMING_BYTES
        + entry.key().byteSize()
        + entry.data().byteSize();
  }

  /** The entries from the first; each is made when it is asked for. */
  @Override
  public Iterator<BatchEntry> iterator() {
    return new Iterator<>() {
      private long next;
      private long offset;

      @Override
      public boolean hasNext() {
        return next < header.entries();
      }

      @Override
      public BatchEntry next() {
        if (!hasNext()) {
          throw new NoSuchElementException("batch has no more entries: count=" + count());
        }
        next++;
        BatchEntry entry = entryAt(offset);
        offset = offsetAfter(offset);
        return entry;
      }
    };
  }

  /** Frees the memory if this batch owns it; idempotent. */
  @Override
  public void close() {
    if (owned != null && owned.scope().isAlive()) {
      owned.close();
    }
  }
}
