package io.ashlar.tier.object;

/**
 * What a store may use at most. A request that has to wait for its turn waits on its own thread.
 * Immutable; validated once, here. 0 is no limit.
 *
 * @param writesPerHour puts, parts, listings and deletes (what is billed as a write), attempts
 *     included; a tenth of it may be used at once.
 * @param readsPerHour gets and heads, attempts included; a tenth of it may be used at once.
 * @param budgetWaitMaxMs a request that would have to wait longer for its budget is refused with
 *     {@link FailureKind#OVER_BUDGET} instead.
 * @param sentBytesPerSecond body bytes of puts and parts.
 * @param receivedBytesPerSecond body bytes of gets.
 * @param concurrentMax requests in flight, 1 to 10,000; throttling lowers it for a while.
 */
public record RequestLimits(
    long writesPerHour,
    long readsPerHour,
    long budgetWaitMaxMs,
    long sentBytesPerSecond,
    long receivedBytesPerSecond,
    int concurrentMax) {

  /** No budget, no bandwidth limit, as many requests at once as the S3 client has connections. */
  public static final RequestLimits DEFAULTS = new RequestLimits(0, 0, 60_000, 0, 0, 64);

  /** Validates every setting. */
  public RequestLimits {
    RetryPolicy.check("writesPerHour", writesPerHour, 0, Integer.MAX_VALUE);
    RetryPolicy.check("readsPerHour", readsPerHour, 0, Integer.MAX_VALUE);
    RetryPolicy.check("budgetWaitMaxMs", budgetWaitMaxMs, 0, 86_400_000);
    RetryPolicy.check("sentBytesPerSecond", sentBytesPerSecond, 0, 1L << 40);
    RetryPolicy.check("receivedBytesPerSecond", receivedBytesPerSecond, 0, 1L << 40);
    RetryPolicy.check("concurrentMax", concurrentMax, 1, 10_000);
  }
}
