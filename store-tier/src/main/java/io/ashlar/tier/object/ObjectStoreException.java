package io.ashlar.tier.object;

import org.jspecify.annotations.Nullable;

/**
 * A request to an object store failed. After a failed <em>write</em> (put, part, complete, delete)
 * the caller must assume that it may or may not have been applied, whatever {@link #retryable()}
 * says; a read has no effect to ask about.
 */
public class ObjectStoreException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean retryable;

  /**
   * @param message a lowercase phrase, then the store, the key and the values; never a credential.
   * @param retryable whether the same request can succeed later without anybody changing anything.
   * @param cause what the environment threw, or null.
   */
  public ObjectStoreException(String message, boolean retryable, @Nullable Throwable cause) {
    super(message, cause);
    this.retryable = retryable;
  }

  /**
   * Whether the same request can succeed later by itself (throttling, time-outs, torn responses,
   * server errors), as opposed to one that somebody must repair first (permissions, a missing
   * bucket, a full disk).
   */
  public final boolean retryable() {
    return retryable;
  }
}
