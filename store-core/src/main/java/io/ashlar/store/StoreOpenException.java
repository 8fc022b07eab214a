package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The store could not be opened where it was asked for: a missing folder, a permission, a file
 * system without direct I/O, a file that is no store. Nothing was changed: mend the place that the
 * message names.
 */
public final class StoreOpenException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public StoreOpenException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
