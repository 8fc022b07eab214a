package io.ashlar.tier.prefix;

import io.ashlar.store.TierUnavailableException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Checks whether another writer took over, for callers that wait for a tier. One of them asks, with
 * a few requests, and the others use its answer.
 *
 * <p>Thread: any. An interrupt is remembered.
 */
public final class TakeOverCheck {
  private final ReentrantLock asking = new ReentrantLock();

  /**
   * Asks, unless a request that began after {@code sinceNs} has told.
   *
   * @return false if a manifest follows; {@link TierWriter#checkNotFenced} tells whose it is.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public boolean isStillLast(TierWriter writer, long sinceNs) {
    boolean interrupted = false;
    asking.lock();
    try {
      while (!writer.isProvedSince(sinceNs)) {
        interrupted |= Thread.interrupted(); // an interrupt would break the request
        try {
          return writer.isStillLast();
        } catch (TierUnavailableException e) {
          if (!Thread.currentThread().isInterrupted()) {
            throw e;
          }
        }
      }
      return true;
    } finally {
      asking.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
