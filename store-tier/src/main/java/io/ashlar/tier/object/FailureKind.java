package io.ashlar.tier.object;

/** What kind of failure a request met, and so what can be done about it. */
public enum FailureKind {
  /** The store asks for fewer requests (503, SlowDown, 429): slow down, then again. */
  THROTTLED(true),
  /** A conditional write met another one (409). Never "exists": ask again. */
  CONFLICT(true),
  /** The store failed (500, 502, 504): again. */
  UNAVAILABLE(true),
  /** No answer, or a torn one: a time-out, a broken connection. Again. */
  UNANSWERED(true),
  /** The request budget is used up; more comes with time. */
  OVER_BUDGET(true),
  /** The calling thread was interrupted; its flag is set. */
  INTERRUPTED(false),
  /** This endpoint cannot do what was asked: use another, or another setting. */
  UNSUPPORTED(false),
  /** Somebody must repair something first: permissions, a missing bucket, a full disk. */
  PERMANENT(false);

  private final boolean retryable;

  FailureKind(boolean retryable) {
    this.retryable = retryable;
  }

  /** Whether the same request can succeed later without anybody changing anything. */
  public boolean retryable() {
    return retryable;
  }
}
