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

  private static final String REOPEN = "reopen it";

  /** Why the store failed, and what its user can do. */
  private record Cause(Throwable failure, String remedy) {}

  private final AtomicReference<@Nullable Cause> cause = new AtomicReference<>();

  // For a store that fails when the heap is full: then nothing could be made.
  private final Cause spareCause =
      new Cause(
          new IllegalStateException("the heap was full when the failure was recorded"), REOPEN);
  private final StoreFailedException spareUnknown = spare(true);
  private final StoreFailedException spareNotApplied = spare(false);

  /** Creates one that is not set. */
  public Poison() {}

  /** Poisons the store, unless it is already. */
  public void set(Throwable failure) {
    set(failure, REOPEN);
  }

  /**
   * Poisons the store, unless it is already.
   *
   * @param remedy what to do, where opening it again does not help.
   */
  public void set(Throwable failure, String remedy) {
    Cause reason = spareCause;
    try {
      reason = new Cause(failure, remedy);
    } catch (OutOfMemoryError e) {
      // that it failed is what counts
    }
    cause.compareAndSet(null, reason);
  }

  /** Returns whether the store is poisoned. */
  public boolean isSet() {
    return cause.getAcquire() != null;
  }

  /**
   * Throws if the store is poisoned.
   *
   * @throws StoreFailedException saying that the current request was not applied.
   */
  public void check() {
    if (isSet()) {
      throw failure(false);
    }
  }

  /**
   * Returns the exception for an epoch that was pending when the store failed; without heap one
   * that was made before.
   */
  public StoreFailedException failure(boolean outcomeUnknown) {
    try {
      return newFailure(outcomeUnknown);
    } catch (OutOfMemoryError e) {
      return outcomeUnknown ? spareUnknown : spareNotApplied;
    }
  }

  private static StoreFailedException spare(boolean outcomeUnknown) {
    return new StoreFailedException(
        "the store failed, and the heap was too full to record why: "
            + REOPEN
            + "; outcome of this epoch="
            + (outcomeUnknown ? "unknown until then" : "not applied"),
        outcomeUnknown,
        null);
  }

  private StoreFailedException newFailure(boolean outcomeUnknown) {
    Cause reason = cause.getAcquire();
    return new StoreFailedException(
        "the store failed and takes no more writes: "
            + (reason == null ? REOPEN : reason.remedy())
            + "; outcome of this epoch="
            + (outcomeUnknown ? "unknown until then" : "not applied")
            + ", failure="
            + (reason == null ? "none" : reason.failure().getMessage()),
        outcomeUnknown,
        reason == null ? null : reason.failure());
  }
}
