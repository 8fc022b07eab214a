package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The tier's data is encrypted. Its key is missing, or another key has the same id. Nothing is
 * damaged. Open the tier with the right key.
 */
public final class WrongKeyException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public WrongKeyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
