package io.ashlar.store.commit.epoch;

import io.ashlar.store.spi.Uninterrupted;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The writes ahead of one epoch that have not ended (rule L26).
 *
 * <p>Thread: the epoch's caller; the writing thread calls {@link #end}.
 */
public final class WritesAhead {

  private final AtomicInteger underWay = new AtomicInteger();
  private final BooleanSupplier haveEnded = this::haveEnded; // made here: await needs no heap
  private volatile @Nullable Throwable failure; // written by whoever wrote, read by all
  private volatile @Nullable Thread waiter; // written by the caller, read by who wrote

  /** Notes that a write begins. {@link #end} must follow. */
  void begin() {
    underWay.incrementAndGet();
  }

  /** Notes that a write has ended. Thread: the one that wrote. */
  public void end(@Nullable Throwable newFailure) {
    if (newFailure != null) {
      failure = newFailure;
    }
    if (underWay.decrementAndGet() == 0) {
      LockSupport.unpark(waiter);
    }
  }

  /** Returns whether a write is under way. */
  public boolean areUnderWay() {
    return underWay.get() > 0;
  }

  /** Returns why a write has failed, if one has. */
  public @Nullable Throwable failure() {
    return failure;
  }

  private boolean haveEnded() {
    return !areUnderWay();
  }

  /** Waits until every write has ended, however often the thread is interrupted. */
  public void await() {
    if (!areUnderWay()) {
      return;
    }
    waiter = Thread.currentThread();
    Uninterrupted.parkUntil(this, haveEnded);
    waiter = null;
  }

  /** Forgets a failure: the epoch has ended. */
  void reset() {
    assert !areUnderWay() : "L26: an epoch ended before its writes";
    failure = null;
  }
}
