package io.ashlar.tier.prefix;

import io.ashlar.store.spi.TierSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Waits for a store's durable marks, which follow the last commit about 10 ms later. A failed store
 * writes no more marks. So the wait ends after {@value #LIMIT_MS} ms, and the caller continues with
 * what is marked.
 *
 * <p>Thread: any.
 */
public final class MarkWait {
  private static final long LIMIT_MS = 2_000;

  private MarkWait() {}

  /** Waits until the marks cover an epoch. */
  public static void forEpoch(TierSource source, long epoch) {
    until(() -> source.markedEpoch() >= epoch);
  }

  /** Waits until the marks cover a sequence. */
  static void forSequence(TierSource source, long sequence) {
    until(() -> source.markedSequence() >= sequence);
  }

  private static void until(BooleanSupplier marked) {
    long startNs = System.nanoTime();
    while (!marked.getAsBoolean()
        && System.nanoTime() - startNs < TimeUnit.MILLISECONDS.toNanos(LIMIT_MS)) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }
}
