package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/** The store was closed. Open it again. */
public final class StoreClosedException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public StoreClosedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
