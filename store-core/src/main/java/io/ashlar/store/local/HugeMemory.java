package io.ashlar.store.local;

import io.ashlar.store.spi.LargeMemory;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;

/** Memory that a tier reads into. Thread: any. */
record HugeMemory(NativeMemory memory) implements LargeMemory {
  @Override
  public MemorySegment segment() {
    return memory.segment();
  }

  @Override
  public void close() {
    memory.close();
  }
}
