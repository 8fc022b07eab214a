package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The object store did not answer as it should, after the retries. Nothing local was lost: try
 * again.
 */
public final class TierUnavailableException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public TierUnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
