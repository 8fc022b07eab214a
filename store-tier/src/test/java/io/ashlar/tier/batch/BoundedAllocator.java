package io.ashlar.tier.batch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/** Fails the test that allocates more than the input can justify. */
final class BoundedAllocator implements SegmentAllocator {
  private final Arena arena;
  private final long bytesMax;
  private long allocatedBytes;

  BoundedAllocator(Arena arena, long bytesMax) {
    this.arena = arena;
    this.bytesMax = bytesMax;
  }

  long allocatedBytes() {
    return allocatedBytes;
  }

  @Override
  public MemorySegment allocate(long byteSize, long byteAlignment) {
    allocatedBytes += byteSize;
    if (allocatedBytes > bytesMax) {
      throw new AssertionError("allocates " + allocatedBytes + " bytes, bound " + bytesMax);
    }
    return arena.allocate(byteSize, byteAlignment);
  }
}
