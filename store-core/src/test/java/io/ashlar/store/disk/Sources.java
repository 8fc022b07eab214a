package io.ashlar.store.disk;

import io.ashlar.uring.IoVectors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Sources of gathered writes, for tests of one segment. */
final class Sources {

  private Sources() {}

  /** Returns one that lives as long as a queue refers to it. */
  static IoVectors of(MemorySegment source) {
    IoVectors sources = new IoVectors(1, Arena.ofAuto());
    sources.add(source);
    return sources;
  }
}
