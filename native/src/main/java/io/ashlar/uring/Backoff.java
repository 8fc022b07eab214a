package io.ashlar.uring;

import java.util.concurrent.locks.LockSupport;

/**
 * Bounded waiting between retries of a call that said EAGAIN; an interrupt is kept for later.
 *
 * <p>Thread: any; allocates nothing.
 */
public final class Backoff {
  /** Retries before a call's EAGAIN is passed on; together they wait about two seconds. */
  public static final int ATTEMPTS_MAX = 1000;

  private static final long PAUSE_STEP_NS = 100_000;
  private static final int PAUSE_STEPS_MAX = 20;

  private Backoff() {}

  /**
   * Waits before retry number {@code attempt}, a little longer after the first ones.
   *
   * @param attempt retries made before this one, 0 or more.
   * @return whether to retry; false once {@link #ATTEMPTS_MAX} is reached.
   */
  public static boolean before(int attempt) {
    if (attempt >= ATTEMPTS_MAX) {
      return false;
    }
    // Parking returns at once while the interrupt is pending, which would use up the attempts.
    boolean interrupted = Thread.interrupted();
    LockSupport.parkNanos(Math.min(attempt + 1, PAUSE_STEPS_MAX) * PAUSE_STEP_NS);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return true;
  }
}
