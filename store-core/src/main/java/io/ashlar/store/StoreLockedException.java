package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * Another process or store object has this store open. The message names the store; close the other
 * one or wait longer.
 */
public final class StoreLockedException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public StoreLockedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
