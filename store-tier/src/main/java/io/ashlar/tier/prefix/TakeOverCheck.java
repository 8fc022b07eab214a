package io.ashlar.tier.prefix;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.Uninterrupted;
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
    asking.lock();
    try {
      return Uninterrupted.get(() -> writer.isProvedSince(sinceNs) || ask(writer));
    } finally {
      asking.unlock();
    }
  }

  /** Asks; an interrupt, which would break the request, is taken for one of a wait. */
  private static boolean ask(TierWriter writer) throws InterruptedException {
    endIfInterrupted();
    try {
      return writer.isStillLast();
    } catch (TierUnavailableException e) {
      endIfInterrupted();
      throw e;
    }
  }

  private static void endIfInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }
}
