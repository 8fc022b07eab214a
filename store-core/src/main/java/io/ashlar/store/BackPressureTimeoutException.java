package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The buffers or the queue stayed full until the deadline, or open epochs held as much of the data
 * file as they may. Nothing was applied: slow down, raise the setting that the message names or the
 * deadline, and try again.
 */
public final class BackPressureTimeoutException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public BackPressureTimeoutException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
