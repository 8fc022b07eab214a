package io.ashlar.store.spi;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A read-only view of lent memory for one thread. After {@link #close} it and all its slices throw
 * {@link IllegalStateException}, whatever the memory holds by then.
 *
 * <p>Thread: the one that made it. Memory: its owner keeps it mapped until the view is closed.
 */
public final class ConfinedView implements AutoCloseable {

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment value;

  /**
   * Makes a view for the calling thread.
   *
   * @param memory native memory; it stays its owner's.
   */
  public ConfinedView(MemorySegment memory) {
    value = NativeMemory.viewIn(arena, memory).asReadOnly();
  }

  /** {@return the view} */
  public MemorySegment value() {
    return value;
  }

  /**
   * Ends it.
   *
   * @throws WrongThreadException on another thread.
   */
  @Override
  public void close() {
    arena.close();
  }
}
