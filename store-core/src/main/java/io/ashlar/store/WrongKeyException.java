package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * What is in the tier is encrypted, and its key was not given, or another under the same id.
 * Nothing is damaged: open the tier with the key.
 */
public final class WrongKeyException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public WrongKeyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
