package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * Another process or store object has this store open. The message names the store. Close the other
 * one or wait longer.
 */
public final class StoreLockedException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public StoreLockedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
