package io.ashlar.tier;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * How long checkpoints are kept, and when unneeded objects are deleted.
 *
 * <p>A checkpoint is kept while it is among the newest {@link #retainCount} <i>or</i> younger than
 * {@link #retainMs}. The newest checkpoint is always kept. With both settings 0, every checkpoint
 * is kept forever; collections then run only when asked for, and delete only what failed uploads
 * left. Ages use the clock of this machine. Safety never depends on clocks: a wrong clock drops a
 * checkpoint too early or too late, but deletes nothing that a kept checkpoint needs.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value that breaks the rule of
 * its setting is refused with an {@link IllegalArgumentException}. The message names the setting,
 * the rule and the value.
 */
public final class CollectionConfig {
  private static final SettingTable TABLE = new SettingTable("CollectionConfig");
  private static final Setting<Long> INTERVAL_MS =
      TABLE.number("intervalMs", 3_600_000, 0, 31L * 86_400_000);
  private static final Setting<Long> RETAIN_COUNT = TABLE.number("retainCount", 0, 0, 1_000_000);
  private static final Setting<Long> RETAIN_MS =
      TABLE.number("retainMs", 0, 0, 3_653L * 86_400_000);
  private static final Setting<Long> COMPACT_BELOW_PERCENT =
      TABLE.number("compactBelowPercent", 50, 0, 100);

  /** Every checkpoint is kept. */
  public static final CollectionConfig DEFAULTS = new CollectionConfig(TABLE.defaults());

  private final Settings settings;

  private CollectionConfig(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the time between the end of one collection and the start of the next, in milliseconds:
   * 0 to 31 days; an hour by default} With 0, collections run only when asked for. A collection
   * that finds nothing new since the last makes no request.
   */
  public long intervalMs() {
    return settings.get(INTERVAL_MS);
  }

  /**
   * {@return these settings with another {@link #intervalMs}}
   *
   * @param value the new value.
   */
  public CollectionConfig withIntervalMs(long value) {
    return new CollectionConfig(settings.with(INTERVAL_MS, value));
  }

  /** {@return how many checkpoints are kept: 0 (the default) to 1,000,000} */
  public long retainCount() {
    return settings.get(RETAIN_COUNT);
  }

  /**
   * {@return these settings with another {@link #retainCount}}
   *
   * @param value the new value.
   */
  public CollectionConfig withRetainCount(long value) {
    return new CollectionConfig(settings.with(RETAIN_COUNT, value));
  }

  /**
   * {@return the age up to which checkpoints are kept, in milliseconds: 0 (the default) to ten
   * years}
   */
  public long retainMs() {
    return settings.get(RETAIN_MS);
  }

  /**
   * {@return these settings with another {@link #retainMs}}
   *
   * @param value the new value.
   */
  public CollectionConfig withRetainMs(long value) {
    return new CollectionConfig(settings.with(RETAIN_MS, value));
  }

  /**
   * {@return the share of live entries below which a batch is rewritten, in percent: 0 for never to
   * 100; 50 by default} It has no effect unless checkpoints are dropped.
   */
  public int compactBelowPercent() {
    return settings.getInt(COMPACT_BELOW_PERCENT);
  }

  /**
   * {@return these settings with another {@link #compactBelowPercent}}
   *
   * @param value the new value.
   */
  public CollectionConfig withCompactBelowPercent(int value) {
    return new CollectionConfig(settings.with(COMPACT_BELOW_PERCENT, (long) value));
  }

  /** {@return whether checkpoints are ever dropped: whether there is a limit of count or age} */
  public boolean dropsCheckpoints() {
    return retainCount() > 0 || retainMs() > 0;
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
