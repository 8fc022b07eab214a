package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * A file or object has a format version that this software cannot read. Nothing was changed. Use a
 * version of the software that supports the format version in the message.
 */
public final class FormatVersionException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public FormatVersionException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
