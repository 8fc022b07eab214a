package io.ashlar.tier.object;

import org.jspecify.annotations.Nullable;

/**
 * A request to an object store failed. After a failed <em>write</em> (put, part, complete, delete)
 * the caller must assume that it may or may not have been applied, whatever {@link #retryable()}
 * says; a read has no effect to ask about.
 */
public class ObjectStoreException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What {@link #retryAfterMs()} gives when the store did not say. */
  public static final long NOT_SAID = -1;

  private final FailureKind kind;
  private final long retryAfterMs;

  /**
   * @param message a lowercase phrase, then the store, the key and the values; never a credential.
   * @param retryable whether the same request can succeed later without anybody changing anything.
   * @param cause what the environment threw, or null.
   */
  public ObjectStoreException(String message, boolean retryable, @Nullable Throwable cause) {
    this(message, retryable ? FailureKind.UNANSWERED : FailureKind.PERMANENT, NOT_SAID, cause);
  }

  /**
   * @param message as above.
   * @param kind what can be done about it.
   * @param retryAfterMs how long the store asks to wait, 0 or more, or {@link #NOT_SAID}.
   * @param cause what the environment threw, or null.
   */
  public ObjectStoreException(
      String message, FailureKind kind, long retryAfterMs, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }

  /** What can be done about it. */
  public final FailureKind kind() {
    return kind;
  }

  /** How long the store asks to wait before the next request, in milliseconds, or −1. */
  public final long retryAfterMs() {
    return retryAfterMs;
  }

  /**
   * Whether the same request can succeed later by itself (throttling, time-outs, torn responses,
   * server errors), as opposed to one that somebody must repair first (permissions, a missing
   * bucket, a full disk).
   */
  public final boolean retryable() {
    return kind.retryable();
  }
}
