package io.ashlar.tier.object;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * Limits on what a tier uses of its object store; 0 is no limit. A request that must wait for its
 * turn waits on its caller's thread.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value out of range is refused
 * with an {@link IllegalArgumentException} that names the setting, the rule and the value.
 */
public final class RequestLimits {
  private static final SettingTable TABLE = new SettingTable("RequestLimits");
  private static final Setting<Long> WRITES_PER_HOUR =
      TABLE.number("writesPerHour", 0, 0, Integer.MAX_VALUE);
  private static final Setting<Long> READS_PER_HOUR =
      TABLE.number("readsPerHour", 0, 0, Integer.MAX_VALUE);
  private static final Setting<Long> BUDGET_WAIT_MAX_MS =
      TABLE.number("budgetWaitMaxMs", 60_000, 0, 86_400_000);
  private static final Setting<Long> SENT_BYTES_PER_SECOND =
      TABLE.number("sentBytesPerSecond", 0, 0, 1L << 40);
  private static final Setting<Long> RECEIVED_BYTES_PER_SECOND =
      TABLE.number("receivedBytesPerSecond", 0, 0, 1L << 40);
  private static final Setting<Long> CONCURRENT_MAX = TABLE.number("concurrentMax", 64, 1, 10_000);

  /** No budget, no bandwidth limit, 64 requests at once. */
  public static final RequestLimits DEFAULTS = new RequestLimits(TABLE.defaults());

  private final Settings settings;

  private RequestLimits(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the most requests an hour that are billed as writes: puts, parts, listings and
   * deletes, each attempt counted} No limit by default. A tenth of it may be used at once.
   */
  public long writesPerHour() {
    return settings.get(WRITES_PER_HOUR);
  }

  /**
   * {@return these limits with another {@link #writesPerHour}}
   *
   * @param value the new value.
   */
  public RequestLimits withWritesPerHour(long value) {
    return new RequestLimits(settings.with(WRITES_PER_HOUR, value));
  }

  /**
   * {@return the most gets and heads an hour, each attempt counted} No limit by default. A tenth of
   * it may be used at once.
   */
  public long readsPerHour() {
    return settings.get(READS_PER_HOUR);
  }

  /**
   * {@return these limits with another {@link #readsPerHour}}
   *
   * @param value the new value.
   */
  public RequestLimits withReadsPerHour(long value) {
    return new RequestLimits(settings.with(READS_PER_HOUR, value));
  }

  /**
   * {@return how long a request may wait for its budget, in milliseconds: 0 to a day; a minute by
   * default} A request that would wait longer fails with {@link FailureKind#OVER_BUDGET}.
   */
  public long budgetWaitMaxMs() {
    return settings.get(BUDGET_WAIT_MAX_MS);
  }

  /**
   * {@return these limits with another {@link #budgetWaitMaxMs}}
   *
   * @param value the new value.
   */
  public RequestLimits withBudgetWaitMaxMs(long value) {
    return new RequestLimits(settings.with(BUDGET_WAIT_MAX_MS, value));
  }

  /** {@return the most body bytes of puts and parts sent a second; no limit by default} */
  public long sentBytesPerSecond() {
    return settings.get(SENT_BYTES_PER_SECOND);
  }

  /**
   * {@return these limits with another {@link #sentBytesPerSecond}}
   *
   * @param value the new value.
   */
  public RequestLimits withSentBytesPerSecond(long value) {
    return new RequestLimits(settings.with(SENT_BYTES_PER_SECOND, value));
  }

  /** {@return the most body bytes of gets received a second; no limit by default} */
  public long receivedBytesPerSecond() {
    return settings.get(RECEIVED_BYTES_PER_SECOND);
  }

  /**
   * {@return these limits with another {@link #receivedBytesPerSecond}}
   *
   * @param value the new value.
   */
  public RequestLimits withReceivedBytesPerSecond(long value) {
    return new RequestLimits(settings.with(RECEIVED_BYTES_PER_SECOND, value));
  }

  /**
   * {@return the most requests in flight: 1 to 10,000} The default of 64 is the number of
   * connections of the S3 client. Throttling lowers it for a while.
   */
  public int concurrentMax() {
    return settings.getInt(CONCURRENT_MAX);
  }

  /**
   * {@return these limits with another {@link #concurrentMax}}
   *
   * @param value the new value.
   */
  public RequestLimits withConcurrentMax(int value) {
    return new RequestLimits(settings.with(CONCURRENT_MAX, (long) value));
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
