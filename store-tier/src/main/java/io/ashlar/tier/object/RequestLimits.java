package io.ashlar.tier.object;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * What a tier may use of its object store at most; 0 is no limit. A request that has to wait for
 * its turn waits on its own thread.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy, and refuses a value that breaks
 * the rule of its setting with an {@link IllegalArgumentException} that names the setting, the rule
 * and the value.
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
   * Returns how many puts, parts, listings and deletes (what is billed as a write) are made an
   * hour, attempts included; no limit by default. A tenth of it may be used at once.
   */
  public long writesPerHour() {
    return settings.get(WRITES_PER_HOUR);
  }

  /** Returns these limits with another {@link #writesPerHour}. */
  public RequestLimits withWritesPerHour(long value) {
    return new RequestLimits(settings.with(WRITES_PER_HOUR, value));
  }

  /**
   * Returns how many gets and heads are made an hour, attempts included; no limit by default. A
   * tenth of it may be used at once.
   */
  public long readsPerHour() {
    return settings.get(READS_PER_HOUR);
  }

  /** Returns these limits with another {@link #readsPerHour}. */
  public RequestLimits withReadsPerHour(long value) {
    return new RequestLimits(settings.with(READS_PER_HOUR, value));
  }

  /**
   * Returns how long a request may wait for its budget, in milliseconds: 0 to a day; a minute by
   * default. One that would wait longer is refused with {@link FailureKind#OVER_BUDGET}.
   */
  public long budgetWaitMaxMs() {
    return settings.get(BUDGET_WAIT_MAX_MS);
  }

  /** Returns these limits with another {@link #budgetWaitMaxMs}. */
  public RequestLimits withBudgetWaitMaxMs(long value) {
    return new RequestLimits(settings.with(BUDGET_WAIT_MAX_MS, value));
  }

  /** Returns how many body bytes of puts and parts are sent a second; no limit by default. */
  public long sentBytesPerSecond() {
    return settings.get(SENT_BYTES_PER_SECOND);
  }

  /** Returns these limits with another {@link #sentBytesPerSecond}. */
  public RequestLimits withSentBytesPerSecond(long value) {
    return new RequestLimits(settings.with(SENT_BYTES_PER_SECOND, value));
  }

  /** Returns how many body bytes of gets are received a second; no limit by default. */
  public long receivedBytesPerSecond() {
    return settings.get(RECEIVED_BYTES_PER_SECOND);
  }

  /** Returns these limits with another {@link #receivedBytesPerSecond}. */
  public RequestLimits withReceivedBytesPerSecond(long value) {
    return new RequestLimits(settings.with(RECEIVED_BYTES_PER_SECOND, value));
  }

  /**
   * Returns how many requests are in flight: 1 to 10,000; 64, as many as the S3 client has
   * connections, by default. Throttling lowers it for a while.
   */
  public int concurrentMax() {
    return settings.getInt(CONCURRENT_MAX);
  }

  /** Returns these limits with another {@link #concurrentMax}. */
  public RequestLimits withConcurrentMax(int value) {
    return new RequestLimits(settings.with(CONCURRENT_MAX, (long) value));
  }

  /** Returns name and value of every setting. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
