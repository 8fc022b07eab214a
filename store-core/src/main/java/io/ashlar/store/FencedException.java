package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * Another writer took over this prefix of the object store. This writer uploads nothing more. Find
 * the other writer, then open the store again there or choose another prefix.
 */
public final class FencedException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public FencedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
