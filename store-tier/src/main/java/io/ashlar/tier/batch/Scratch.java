package io.ashlar.tier.batch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Native memory that grows by doubling and is used again. Thread: one. Growing frees the memory
 * before, so views of it must not be kept.
 */
final class Scratch implements AutoCloseable {
  private static final long FIRST_BYTES = 64 << 10;

  private @Nullable Arena arena;
  private MemorySegment segment = MemorySegment.NULL;

  /** All of the memory there is. */
  MemorySegment segment() {
    return segment;
  }

  /** Makes room for {@code bytes} and keeps the first {@code kept}; returns all of the memory. */
  MemorySegment grow(long bytes, long kept) {
    if (bytes > segment.byteSize() || arena == null) {
      long doubled = Math.max(FIRST_BYTES, segment.byteSize() * 2);
      Arena larger = Arena.ofShared();
      try {
        MemorySegment target = larger.allocate(Math.max(bytes, doubled));
        MemorySegment.copy(segment, 0, target, 0, kept);
        close();
        segment = target;
        arena = larger;
      } catch (RuntimeException | Error e) {
        larger.close();
        throw e;
      }
    }
    return segment;
  }

  /** Frees the memory if it is larger than {@code bytesMax}. */
  void trim(long bytesMax) {
    if (segment.byteSize() > bytesMax) {
      close();
    }
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
      segment = MemorySegment.NULL;
    }
  }
}
