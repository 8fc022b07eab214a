package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * A file or object was written by a version that this one cannot read. Nothing was changed: use the
 * version that the message names.
 */
public final class FormatVersionException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public FormatVersionException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
