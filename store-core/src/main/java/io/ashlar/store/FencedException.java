package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * Another writer took over this prefix of the object store. Nothing more will be uploaded by this
 * one: find out who writes, then open the store again there or choose another prefix.
 */
public final class FencedException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public FencedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
