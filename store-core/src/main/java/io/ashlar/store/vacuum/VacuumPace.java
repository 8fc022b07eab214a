package io.ashlar.store.vacuum;

import io.ashlar.store.VacuumOptions;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * How fast a vacuum may go, and until when.
 *
 * <p>Thread: the vacuum's.
 */
public final class VacuumPace {

  private final long bytesPerSecondMax;
  private final LongSupplier clockNs;
  private final BooleanSupplier stopping;
  private final long startNs;

  /**
   * Begins now.
   *
   * @param options give the rate.
   * @param clockNs a monotonic clock.
   * @param stopping whether the store is being closed.
   */
  public VacuumPace(VacuumOptions options, LongSupplier clockNs, BooleanSupplier stopping) {
    bytesPerSecondMax = options.bytesPerSecondMax();
    this.clockNs = clockNs;
    this.stopping = stopping;
    startNs = clockNs.getAsLong();
  }

  /** Returns whether the vacuum must end, because the store is being closed. */
  boolean isOver() {
    return stopping.getAsBoolean();
  }

  /** Returns how long to rest after this many bytes, so that the rate is kept; 0 for not at all. */
  long restNs(long bytes) {
    if (bytesPerSecondMax == 0) {
      return 0;
    }
    double dueNs = 1e9 * bytes / bytesPerSecondMax;
    return Math.max(0, (long) dueNs - (clockNs.getAsLong() - startNs));
  }
}
