package io.ashlar.tier.batch;

import io.ashlar.store.spi.LargeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;
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

  private final @Nullable LongFunction<LargeMemory> large;
  private @Nullable AutoCloseable memory;
  private MemorySegment segment = MemorySegment.NULL;

  Scratch() {
    this(null);
  }

  /**
   * Memory of which large pieces come from elsewhere.
   *
   * @param large null if they do not.
   */
  Scratch(@Nullable LongFunction<LargeMemory> large) {
    this.large = large;
  }

  /** All of the memory there is. */
  MemorySegment segment() {
    return segment;
  }

  /** Makes room for {@code bytes} and keeps the first {@code kept}; returns all of the memory. */
  MemorySegment grow(long bytes, long kept) {
    if (bytes > segment.byteSize() || memory == null) {
      long wanted = Math.max(bytes, Math.max(FIRST_BYTES, segment.byteSize() * 2));
      if (large != null && wanted >= LARGE_BYTES) {
        LargeMemory larger = large.apply(roundUp(wanted));
        replace(larger, larger.segment(), kept);
      } else {
        Arena larger = Arena.ofShared();
        replace(larger, allocate(larger, wanted), kept);
      }
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

  private void replace(AutoCloseable larger, MemorySegment target, long kept) {
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
    if (memory instanceof Arena arena) {
      arena.close();
    } else if (memory instanceof LargeMemory mapped) {
      mapped.close();
    }
    memory = null;
    segment = MemorySegment.NULL;
  }
}
