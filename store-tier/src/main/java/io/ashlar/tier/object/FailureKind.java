package io.ashlar.tier.object;

/** The kind of a failed request, and so what can be done about it. */
public enum FailureKind {
  /** The store asks for fewer requests (503, SlowDown, 429): slow down, then repeat. */
  THROTTLED(true),
  /** A conditional write met another one (409). Never "exists": repeat. */
  CONFLICT(true),
  /** The store failed (500, 502, 504): repeat. */
  UNAVAILABLE(true),
  /** No answer, or a torn one: a time-out, a broken connection. Repeat. */
  UNANSWERED(true),
  /** The request budget is used up; more comes with time. */
  OVER_BUDGET(true),
  /** The calling thread was interrupted; its flag is set. */
  INTERRUPTED(false),
  /** The endpoint cannot do this: use another, or another setting. */
  UNSUPPORTED(false),
  /** Something must be repaired first: permissions, a missing bucket, a full disk. */
  PERMANENT(false);

  private final boolean retryable;

  FailureKind(boolean retryable) {
    this.retryable = retryable;
  }

  /** {@return whether the same request can succeed later although nothing is changed} */
  public boolean retryable() {
    return retryable;
  }
}
