package io.ashlar.store.spi;

import java.lang.foreign.MemorySegment;

/** The rule for memory that another thread than the caller's fills. Thread: any. */
public final class AsyncTarget {
  private static final Thread OTHER = new Thread(() -> {}, "ashlar-other"); // owns no arena

  private AsyncTarget() {}

  /**
   * Refuses memory that another thread cannot write to.
   *
   * @param target the memory.
   * @throws IllegalArgumentException if {@code target} is read-only or confined to one thread.
   */
  public static void check(MemorySegment target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("cannot read into a read-only segment");
    }
    if (!target.isAccessibleBy(OTHER)) {
      throw new IllegalArgumentException(
          "the target is confined to one thread, and another completes the read: use a shared or"
              + " an automatic arena, or an array");
    }
  }
}
