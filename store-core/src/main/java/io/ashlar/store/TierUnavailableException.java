package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The object store did not answer properly, even after the retries. Nothing local was lost. Try
 * again.
 */
public final class TierUnavailableException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public TierUnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
