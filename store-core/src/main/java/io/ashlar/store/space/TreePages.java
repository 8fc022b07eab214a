package io.ashlar.store.space;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Pages of one size outside the Java heap, known by number and recycled when given back. Number 0
 * is no page.
 *
 * <p>Thread: one at a time. Memory: mapped in chunks of 256 KiB, until the arena is closed. A
 * chunk's pages take no memory before they are used.
 */
final class TreePages {
  static final int NONE = 0;

  private static final int CHUNK_SHIFT = 18; // in bytes

  private final int pageShift; // in bytes
  private final int chunkShift; // in pages
  private final int mask;
  private final Arena arena;
  private MemorySegment[] chunks = {};
  private int next = 1; // page 0 stays unused
  private int recycled = NONE; // linked through the first bytes of recycled pages
  private int recycledCount;

  /** Creates one without memory, for pages of {@code 1 << pageShift} bytes in an arena. */
  TreePages(Arena arena, int pageShift) {
    this.arena = arena;
    this.pageShift = pageShift;
    chunkShift = CHUNK_SHIFT - pageShift;
    mask = (1 << chunkShift) - 1;
  }

  /**
   * Sees to it that the next {@code count} calls of {@link #take} succeed.
   *
   * @throws io.ashlar.uring.NativeException if memory cannot be had (no page is lost).
   */
  void reserve(int count) {
    while ((chunks.length << chunkShift) - next + recycledCount < count) {
      MemorySegment chunk = NativeMemory.reserveIn(arena, 1L << CHUNK_SHIFT);
      chunks = Arrays.copyOf(chunks, chunks.length + 1);
      chunks[chunks.length - 1] = chunk;
    }
  }

  /** Returns the number of a page whose bytes are arbitrary; the page was reserved. */
  int take() {
    int page = recycled;
    if (page == NONE) {
      return next++;
    }
    recycled = chunkOf(page).get(ValueLayout.JAVA_INT, offsetOf(page));
    recycledCount--;
    return page;
  }

  /** Takes a page back. */
  void giveBack(int page) {
    chunkOf(page).set(ValueLayout.JAVA_INT, offsetOf(page), recycled);
    recycled = page;
    recycledCount++;
  }

  /** Returns the memory in which a page lies. */
  MemorySegment chunkOf(int page) {
    return chunks[page >>> chunkShift];
  }

  /** Returns where in its memory a page begins. */
  long offsetOf(int page) {
    return (long) (page & mask) << pageShift;
  }
}
