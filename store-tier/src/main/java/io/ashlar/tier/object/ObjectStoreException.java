package io.ashlar.tier.object;

import org.jspecify.annotations.Nullable;

/**
 * A request to an object store failed. A failed <em>write</em> (put, part, complete, delete) may or
 * may not have been applied. {@link #retryable()} does not say which.
 */
public class ObjectStoreException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What {@link #retryAfterMs()} gives when the store did not say. */
  public static final long NOT_SAID = -1;

  private final FailureKind kind;
  private final long retryAfterMs;

  /**
   * Creates one of kind {@link FailureKind#UNANSWERED} or {@link FailureKind#PERMANENT}.
   *
   * @param message a lowercase phrase, then the store, the key and the values; never a credential.
   * @param retryable whether the same request can succeed later although nothing is changed.
   * @param cause what the environment threw, or null.
   */
  public ObjectStoreException(String message, boolean retryable, @Nullable Throwable cause) {
    this(message, retryable ? FailureKind.UNANSWERED : FailureKind.PERMANENT, NOT_SAID, cause);
  }

  /**
   * Creates one of a given kind.
   *
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

  /** {@return what can be done about it} */
  public final FailureKind kind() {
    return kind;
  }

  /** {@return how long the store asks to wait before the next request, in milliseconds, or −1} */
  public final long retryAfterMs() {
    return retryAfterMs;
  }

  /**
   * {@return whether the same request can succeed later by itself, as after throttling, time-outs,
   * torn responses and server errors} False if something must be repaired first: permissions, a
   * missing bucket, a full disk.
   */
  public final boolean retryable() {
    return kind.retryable();
  }
}
