package io.ashlar.store.index;

import io.ashlar.store.format.IndexCheckpointFormat;
import java.lang.foreign.MemorySegment;

/**
 * A walk over an index in steps of one bucket, and the memory that the steps use again and again.
 *
 * <p>A cursor says where the next step begins: 0 at first, then the result of the last step. Walks
 * are weakly consistent, as {@link BlobIndex#forEach} is.
 *
 * <p>Thread: one.
 */
public final class BucketWalk {
  private static final long HASHES = 1L << Integer.SIZE;

  private final BucketCopy copy = new BucketCopy();
  private long bytes;

  /** Creates one. */
  public BucketWalk() {}

  /**
   * Visits the entries of one bucket.
   *
   * @param cursor 0 at first, then the result of the last call.
   * @return the cursor of the next bucket, or −1 when this was the last one.
   */
  public long visit(BlobIndex index, long cursor, EntryVisitor visitor) {
    copy.fill(index.directory(), index.entries(), (int) cursor);
    copy.visit(visitor);
    return cursorAfter();
  }

  /**
   * Writes one bucket as one of an index checkpoint ({@link IndexCheckpointFormat}), as {@link
   * #visit} visits one.
   *
   * @param chunk has room for the longest bucket from {@code offset} on.
   */
  public long write(BlobIndex index, long cursor, MemorySegment chunk, long offset) {
    copy.fill(index.directory(), index.entries(), (int) cursor);
    bytes = copy.writeTo(chunk, offset);
    return cursorAfter();
  }

  private long cursorAfter() {
    long next = copy.hashAfter();
    return next < HASHES ? next : -1;
  }

  /**
   * Visits the entries whose hash, as an unsigned number, is in a range. The range from one cursor
   * of {@link #visit} to the next is valid, in that index or in one made by {@link
   * BlobIndex#newEmpty}.
   *
   * @param from a cursor.
   * @param to the cursor after the range, or −1 for the end of the index.
   */
  public void visitRange(BlobIndex index, long from, long to, EntryVisitor visitor) {
    long end = to < 0 ? HASHES : to;
    for (long hash = from; hash < end; hash = copy.hashAfter()) {
      copy.fill(index.directory(), index.entries(), (int) hash);
      copy.visit((idHigh, idLow, location) -> {
        long entryHash = Integer.toUnsignedLong(index.hash(idHigh, idLow));
        if (entryHash >= from && entryHash < end) {
          visitor.visit(idHigh, idLow, location);
        }
      });
    }
  }

  /** Returns how many entries the bucket visited or written last has. */
  public int entries() {
    return copy.count();
  }

  /** Returns how many bytes the bucket written last has. */
  public long bytes() {
    return bytes;
  }
}
