package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The buffers or the queue stayed full until the deadline, or open epochs reached their limit of
 * the data file. Nothing was applied. Slow down, close the handles that the message counts, or
 * raise the deadline or the setting that the message names. Then try again.
 *
 * <p>With {@code -Dashlar.handles.trace=true} the cause's stack trace shows where the oldest open
 * handle was taken.
 */
public final class BackPressureTimeoutException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public BackPressureTimeoutException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
