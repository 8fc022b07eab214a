package io.ashlar.store.background;

import io.ashlar.store.metrics.StoreCounters;

/** Governors of tests that drive all work themselves. */
public final class Governors {

  private Governors() {}

  /** Returns one whose work never rests. */
  public static Governor unpaced() {
    return new Governor(
        Governor.Ceilings.NONE,
        new StoreCounters().latency,
        new Governor.Clocks(() -> 0, () -> 0, false));
  }
}
