package io.ashlar.jmh.peer;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;

/** The limit of a copying read: values in native memory, one behind another, no index. */
public final class MemoryValues implements PeerStore {

  private final int valueBytes;
  private final NativeMemory memory;

  /** Makes room for all ids. */
  public MemoryValues(Keys keys, int valueBytes) {
    this.valueBytes = valueBytes;
    memory = NativeMemory.allocate((long) keys.count() * valueBytes);
  }

  @Override
  public String durability() {
    return "none";
  }

  @Override
  public PeerWriter openWriter() {
    throw new UnsupportedOperationException("values in memory are not written");
  }

  @Override
  public long read(int id, ReadBuffer target) {
    MemorySegment.copy(memory.segment(), (long) id * valueBytes, target.segment(), 0, valueBytes);
    return valueBytes;
  }

  @Override
  public void close() {
    memory.close();
  }
}
