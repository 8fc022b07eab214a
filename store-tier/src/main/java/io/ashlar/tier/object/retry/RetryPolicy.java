package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.FailureKind;

/**
 * How often and how long a request is repeated. Between attempts lies a random time of 0 to the
 * backoff ("full jitter"), which doubles each time; more if the store asks for more. Immutable;
 * validated once, here.
 *
 * @param backoffFirstMs the first backoff, 1 or more.
 * @param backoffMaxMs the greatest, {@code backoffFirstMs} or more.
 * @param attemptsMax most attempts, 1 to 1000, the first included.
 * @param throttledDeadlineMs no attempt begins later than this after the first, when the last
 *     failure was {@link FailureKind#THROTTLED}; 0 or more, as those below.
 * @param unavailableDeadlineMs the same for {@link FailureKind#UNAVAILABLE}.
 * @param unansweredDeadlineMs the same for {@link FailureKind#UNANSWERED}.
 * @param conflictDeadlineMs the same for {@link FailureKind#CONFLICT}.
 */
public record RetryPolicy(
    long backoffFirstMs,
    long backoffMaxMs,
    int attemptsMax,
    long throttledDeadlineMs,
    long unavailableDeadlineMs,
    long unansweredDeadlineMs,
    long conflictDeadlineMs) {

  /** What a store that is opened by URL uses. */
  public static final RetryPolicy DEFAULTS =
      new RetryPolicy(50, 5_000, 16, 60_000, 30_000, 30_000, 10_000);

  private static final long MS_MAX = 86_400_000;

  /** Validates every setting. */
  public RetryPolicy {
    check("backoffFirstMs", backoffFirstMs, 1, MS_MAX);
    check("backoffMaxMs", backoffMaxMs, backoffFirstMs, MS_MAX);
    check("attemptsMax", attemptsMax, 1, 1000);
    check("throttledDeadlineMs", throttledDeadlineMs, 0, MS_MAX);
    check("unavailableDeadlineMs", unavailableDeadlineMs, 0, MS_MAX);
    check("unansweredDeadlineMs", unansweredDeadlineMs, 0, MS_MAX);
    check("conflictDeadlineMs", conflictDeadlineMs, 0, MS_MAX);
  }

  private static void check(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(name + " must be " + least + " to " + most + ": " + value);
    }
  }

  /**
   * {@return the deadline of a kind of failure, in milliseconds after the first attempt; 0 for a
   * kind that is not repeated}
   *
   * @param kind the kind of the last failure.
   */
  public long deadlineMs(FailureKind kind) {
    return switch (kind) {
      case THROTTLED -> throttledDeadlineMs;
      case UNAVAILABLE -> unavailableDeadlineMs;
      case UNANSWERED -> unansweredDeadlineMs;
      case CONFLICT -> conflictDeadlineMs;
      case OVER_BUDGET, INTERRUPTED, UNSUPPORTED, PERMANENT -> 0;
    };
  }
}
