package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * A write or sync on the commit path failed and poisoned the store (promise G6). The store writes
 * nothing more and every pending epoch fails. Reads continue where possible. Reopen the store:
 * recovery then decides, epoch by epoch and in order, which epochs are kept.
 */
public final class StoreFailedException extends StoreException {

  /** Whether the epoch may or may not be durable; written through the constructor only. */
  private final boolean outcomeUnknown;

  /**
   * Creates one with a message, whether the epoch's outcome is unknown, and the cause if there is
   * one.
   *
   * @param message the message.
   * @param outcomeUnknown whether the epoch may be durable.
   * @param cause the cause, or null.
   */
  public StoreFailedException(String message, boolean outcomeUnknown, @Nullable Throwable cause) {
    super(message, cause);
    this.outcomeUnknown = outcomeUnknown;
  }

  /**
   * {@return whether the next open may find the epoch applied, as a whole} False means that it was
   * certainly not applied.
   */
  public boolean outcomeUnknown() {
    return outcomeUnknown;
  }
}
