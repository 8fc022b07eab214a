package io.ashlar.tier.batch;

import io.ashlar.store.spi.LargeArena;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Native memory that grows by doubling and is used again. Thread: one. Growing frees the memory
 * before, so views of it must not be kept.
 */
final class Scratch implements AutoCloseable {
  private static final long FIRST_BYTES = 8 << 10;

  /** From here on a huge page costs less than the small ones. */
  private static final long LARGE_BYTES = 256 << 10;

  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private @Nullable Arena memory;
  private MemorySegment segment = MemorySegment.NULL;

  /** All of the memory there is. */
  MemorySegment segment() {
    return segment;
  }

  /** Makes room for {@code bytes} and keeps the first {@code kept}; returns all of the memory. */
  MemorySegment grow(long bytes, long kept) {
    if (bytes > segment.byteSize() || memory == null) {
      long wanted = Math.max(bytes, Math.max(FIRST_BYTES, segment.byteSize() * 2));
      Arena larger = LargeArena.ofShared();
      replace(larger, allocate(larger, wanted < LARGE_BYTES ? wanted : roundUp(wanted)), kept);
    }
    return segment;
  }

  private static long roundUp(long bytes) {
    return (bytes + HUGE_PAGE_BYTES - 1) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
  }

  private static MemorySegment allocate(Arena arena, long bytes) {
    try {
      return arena.allocate(bytes);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private void replace(Arena larger, MemorySegment target, long kept) {
    MemorySegment.copy(segment, 0, target, 0, kept);
    close();
    segment = target;
    memory = larger;
  }

  /** Frees the memory if it is larger than {@code bytesMax}. */
  void trim(long bytesMax) {
    if (segment.byteSize() > bytesMax) {
      close();
    }
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    }
    memory = null;
    segment = MemorySegment.NULL;
  }
}
