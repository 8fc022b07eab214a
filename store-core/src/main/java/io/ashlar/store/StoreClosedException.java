package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/** The store was closed. Open it again. */
public final class StoreClosedException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public StoreClosedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
