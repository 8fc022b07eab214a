package io.ashlar.tier.upload;

import io.ashlar.store.spi.Driving;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The last epoch that is remote-durable, which only rises, and the callers that wait for it.
 *
 * <p>Thread: advanced and ended by the agent, read and waited for by any. An interrupt of a waiter
 * is remembered.
 */
final class TieredMark {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();

  // Guarded by the lock.
  private long epoch;
  private @Nullable RuntimeException end;

  long epoch() {
    lock.lock();
    try {
      return epoch;
    } finally {
      lock.unlock();
    }
  }

  /** Notes that an epoch, and all before it, are remote-durable. */
  void advance(long newEpoch) {
    lock.lock();
    try {
      if (newEpoch > epoch) {
        epoch = newEpoch;
        moved.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the mark: it rises no more, and callers that wait for more get {@code reason}. */
  void end(RuntimeException reason) {
    lock.lock();
    try {
      if (end == null) {
        end = reason;
        moved.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean hasEnded(long wanted) {
    lock.lock();
    try {
      return epoch >= wanted || end != null;
    } finally {
      lock.unlock();
    }
  }

  /** Waits; throws what it was ended with if that comes first. */
  void await(long wanted) {
    Driving.until(this, () -> hasEnded(wanted)); // a pass may wait for the store's agents
    lock.lock();
    try {
      while (epoch < wanted) {
        if (end != null) {
          throw end;
        }
        moved.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }
}
