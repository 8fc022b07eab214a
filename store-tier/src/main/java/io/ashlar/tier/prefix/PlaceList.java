package io.ashlar.tier.prefix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Places in batches that blobs are read back from, off the heap: 16 bytes each. Several blobs share
 * one, as they share a frame.
 *
 * <pre>
 * 0 offset in the object (bits 63–31) and length (bits 30–0; 0: the whole object)
 * 8 the batch's ordinal (4), 12 zero (4)
 * </pre>
 *
 * <p>Thread: one. Memory: its own, freed by close.
 */
final class PlaceList implements AutoCloseable {
  private static final long PLACE_BYTES = 16;
  private static final int CHUNK_PLACES = 4_096;
  private static final int OFFSET_SHIFT = 31;
  private static final long LENGTH_MASK = (1L << OFFSET_SHIFT) - 1;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> chunks = new ArrayList<>();
  private long size;

  /** Number of places. */
  long size() {
    return size;
  }

  /** Adds a place of the whole object until {@link #set} says which part. */
  void add(int batch) {
    if (size % CHUNK_PLACES == 0) {
      chunks.add(arena.allocate(CHUNK_PLACES * PLACE_BYTES, Long.BYTES));
    }
    size++;
    chunk(size - 1).set(INT, at(size - 1) + Long.BYTES, batch);
  }

  /** Says which part of the object a place is. */
  void set(long place, long offset, long length) {
    chunk(place).set(LONG, at(place), offset << OFFSET_SHIFT | length);
  }

  private MemorySegment chunk(long place) {
    return chunks.get((int) (place / CHUNK_PLACES));
  }

  private static long at(long place) {
    return place % CHUNK_PLACES * PLACE_BYTES;
  }

  int batch(long place) {
    return chunk(place).get(INT, at(place) + Long.BYTES);
  }

  long offset(long place) {
    return chunk(place).get(LONG, at(place)) >>> OFFSET_SHIFT;
  }

  /** Bytes of the part, or 0 for the whole object. */
  long length(long place) {
    return chunk(place).get(LONG, at(place)) & LENGTH_MASK;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
