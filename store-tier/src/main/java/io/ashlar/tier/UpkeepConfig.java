package io.ashlar.tier;

/**
 * How long checkpoints are kept, and when what nothing needs any more is deleted. Immutable; every
 * setting is validated once, here.
 *
 * <p>A checkpoint is kept while it is among the newest {@code retainCount} <i>or</i> younger than
 * {@code retainMs}. With both 0 every checkpoint is kept for ever, and a collection, which is then
 * made only when asked for, deletes only what failed uploads left. The newest is always kept. Ages
 * go by the clock of this machine; what is safe to delete does not depend on them.
 *
 * @param intervalMs milliseconds between the end of one collection and the start of the next, 0 to
 *     31 days; 0 for none but those that are asked for. One that finds nothing new since the last
 *     makes no request.
 * @param retainCount checkpoints to keep, 0 to 1,000,000.
 * @param retainMs age up to which checkpoints are kept, in milliseconds, 0 to ten years.
 * @param compactBelowPercent a batch is rewritten once fewer of its entries than this are live, 0
 *     to 100; 0 for never. Works only where checkpoints are dropped.
 */
public record UpkeepConfig(
    long intervalMs, long retainCount, long retainMs, int compactBelowPercent) {

  /** Every checkpoint is kept. */
  public static final UpkeepConfig DEFAULTS = new UpkeepConfig(3_600_000, 0, 0, 50);

  private static final long DAY_MS = 86_400_000L;

  /** Validates every setting. */
  public UpkeepConfig {
    Settings.check("intervalMs", intervalMs, 0, 31 * DAY_MS);
    Settings.check("retainCount", retainCount, 0, 1_000_000);
    Settings.check("retainMs", retainMs, 0, 3_653 * DAY_MS);
    Settings.check("compactBelowPercent", compactBelowPercent, 0, 100);
  }

  /** Whether checkpoints are ever dropped. */
  public boolean dropsCheckpoints() {
    return retainCount > 0 || retainMs > 0;
  }

  /** These settings with another {@link #intervalMs}. */
  public UpkeepConfig withIntervalMs(long value) {
    return new UpkeepConfig(value, retainCount, retainMs, compactBelowPercent);
  }

  /** These settings with another {@link #retainCount}. */
  public UpkeepConfig withRetainCount(long value) {
    return new UpkeepConfig(intervalMs, value, retainMs, compactBelowPercent);
  }

  /** These settings with another {@link #retainMs}. */
  public UpkeepConfig withRetainMs(long value) {
    return new UpkeepConfig(intervalMs, retainCount, value, compactBelowPercent);
  }

  /** These settings with another {@link #compactBelowPercent}. */
  public UpkeepConfig withCompactBelowPercent(int value) {
    return new UpkeepConfig(intervalMs, retainCount, retainMs, value);
  }
}
