package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * A write or sync on the commit path failed and poisoned the store (promise G6): nothing more is
 * written, every pending epoch fails, reads go on where they can. Reopen the store; recovery then
 * decides, epoch by epoch and in order, what is kept.
 */
public final class StoreFailedException extends StoreException {

  /** Whether the epoch may or may not be durable; written through the constructor only. */
  private final boolean outcomeUnknown;

  /** Creates one with a message, what is known of the epoch, and the failure behind it. */
  public StoreFailedException(String message, boolean outcomeUnknown, @Nullable Throwable cause) {
    super(message, cause);
    this.outcomeUnknown = outcomeUnknown;
  }

  /**
   * Returns true when the epoch may be found applied, whole, after the next open, and false when it
   * was certainly not applied.
   */
  public boolean outcomeUnknown() {
    return outcomeUnknown;
  }
}
