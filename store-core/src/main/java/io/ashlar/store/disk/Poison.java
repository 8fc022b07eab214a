package io.ashlar.store.disk;

import io.ashlar.store.StoreFailedException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Whether the store failed (promise G6): set once, by the first failed write or sync on the commit
 * path, and never cleared before the next open. Every writer looks here before it writes anything
 * (rule L24).
 *
 * <p>Thread: any.
 */
public final class Poison {

  private final AtomicReference<@Nullable Throwable> cause = new AtomicReference<>();

  /** Creates one that is not set. */
  public Poison() {}

  /** Poisons the store, unless it is already. */
  public void set(Throwable failure) {
    cause.compareAndSet(null, failure);
  }

  /** Returns whether the store is poisoned. */
  public boolean isSet() {
    return cause.getAcquire() != null;
  }

  /**
   * Throws if the store is poisoned.
   *
   * @throws StoreFailedException saying that what is asked for now was not applied.
   */
  public void check() {
    if (isSet()) {
      throw failure(false);
    }
  }

  /** Returns the exception for an epoch that was pending when the store failed. */
  public StoreFailedException failure(boolean outcomeUnknown) {
    Throwable reason = cause.getAcquire();
    return new StoreFailedException(
        "the store failed and takes no more writes: reopen it; outcome of this epoch="
            + (outcomeUnknown ? "unknown until then" : "not applied")
            + ", failure="
            + (reason == null ? "none" : reason.getMessage()),
        outcomeUnknown,
        reason);
  }
}
