package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The store cannot be opened at its path. Reasons are a missing folder, a permission, a file system
 * without direct I/O, or a file that is not a store. Nothing was changed. Correct the problem that
 * the message names.
 */
public final class StoreOpenException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public StoreOpenException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
