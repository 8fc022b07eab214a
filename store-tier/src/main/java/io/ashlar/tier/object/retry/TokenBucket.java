package io.ashlar.tier.object.retry;

import java.util.concurrent.TimeUnit;

/**
 * Tokens that come at a constant rate and are kept up to a burst. Taking more than there are makes
 * a debt, and returns how long to wait until it is paid. So takers of any size are served in the
 * order of their arrival. Thread: any; one monitor, never held while waiting.
 */
final class TokenBucket {
  private final RetryClock clock;
  private final double perNs;
  private final double burst;

  // Guarded by this.
  private double tokens;
  private long filledNs;

  /**
   * @param perSecond tokens that come in a second; 0 for no limit.
   */
  TokenBucket(double perSecond, double burst, RetryClock clock) {
    this.clock = clock;
    this.perNs = perSecond / TimeUnit.SECONDS.toNanos(1);
    this.burst = burst;
    this.tokens = burst;
    this.filledNs = clock.nowNs();
  }

  static TokenBucket perHour(long count, RetryClock clock) {
    return new TokenBucket(count / 3600.0, Math.max(1, count / 10.0), clock);
  }

  static TokenBucket perSecond(long count, RetryClock clock) {
    return new TokenBucket(count, count, clock);
  }

  /** Takes tokens; returns the nanoseconds to wait before they may be used. */
  synchronized long take(double count) {
    if (perNs == 0) {
      return 0;
    }
    long nowNs = clock.nowNs();
    tokens = Math.min(burst, tokens + (nowNs - filledNs) * perNs);
    filledNs = nowNs;
    tokens -= count;
    return tokens >= 0 ? 0 : (long) Math.ceil(-tokens / perNs);
  }

  /** Gives back tokens that were taken and not used. */
  synchronized void giveBack(double count) {
    tokens += count;
  }
}
