package io.ashlar.tier;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * How evicted blobs are read back.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value that breaks the rule of
 * its setting is refused with an {@link IllegalArgumentException}. The message names the setting,
 * the rule and the value.
 */
public final class ReadBackConfig {
  private static final SettingTable TABLE = new SettingTable("ReadBackConfig");
  private static final Setting<Long> CACHE_BYTES =
      TABLE.number("cacheBytes", 64L << 20, 0, 4L << 30);
  private static final Setting<Long> DISK_BYTES = TABLE.number("diskBytes", 0, 0, 1L << 40);
  private static final Setting<Long> GAP_BYTES_MAX =
      TABLE.number("gapBytesMax", 256L << 10, 0, 64L << 20);
  private static final Setting<Long> WINDOW_US = TABLE.number("windowUs", 0, 0, 1_000_000);
  private static final Setting<Long> AHEAD_BYTES_MAX =
      TABLE.number("aheadBytesMax", 8L << 20, 0, 64L << 20);
  private static final Setting<Long> HEDGE_DELAY_MS_MIN =
      TABLE.number("hedgeDelayMsMin", 100, 1, 60_000);
  private static final Setting<Long> HEDGE_PERCENT_MAX = TABLE.number("hedgePercentMax", 5, 0, 100);

  /** The settings that an open uses unless it is given others. */
  public static final ReadBackConfig DEFAULTS = new ReadBackConfig(TABLE.defaults());

  private final Settings settings;

  private ReadBackConfig(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the native memory for decoded frames that blobs were read back from, in bytes: 0 to 4
   * GiB; 64 MiB by default} With 0, each read of an evicted blob fetches it again.
   */
  public long cacheBytes() {
    return settings.get(CACHE_BYTES);
  }

  /**
   * {@return these settings with another {@link #cacheBytes}}
   *
   * @param value the new value.
   */
  public ReadBackConfig withCacheBytes(long value) {
    return new ReadBackConfig(settings.with(CACHE_BYTES, value));
  }

  /**
   * {@return how many bytes of frames a local file keeps when memory has no room for them: 0 (the
   * default) for none, to 1 TiB} It has no effect without a folder ({@link
   * Tier.Builder#readBackFolder}).
   */
  public long diskBytes() {
    return settings.get(DISK_BYTES);
  }

  /**
   * {@return these settings with another {@link #diskBytes}}
   *
   * @param value the new value.
   */
  public ReadBackConfig withDiskBytes(long value) {
    return new ReadBackConfig(settings.with(DISK_BYTES, value));
  }

  /**
   * {@return the largest gap between two frames of one batch that share a GET, in bytes: 0 to 64
   * MiB; 256 KiB by default} Frames share a GET if they are waited for at the same time.
   */
  public long gapBytesMax() {
    return settings.get(GAP_BYTES_MAX);
  }

  /**
   * {@return these settings with another {@link #gapBytesMax}}
   *
   * @param value the new value.
   */
  public ReadBackConfig withGapBytesMax(long value) {
    return new ReadBackConfig(settings.with(GAP_BYTES_MAX, value));
  }

  /**
   * {@return how long a fetch waits for others to join it, in microseconds: 0 (the default) to
   * 1,000,000}
   */
  public long windowUs() {
    return settings.get(WINDOW_US);
  }

  /**
   * {@return these settings with another {@link #windowUs}}
   *
   * @param value the new value.
   */
  public ReadBackConfig withWindowUs(long value) {
    return new ReadBackConfig(settings.with(WINDOW_US, value));
  }

  /**
   * {@return the most bytes that one GET reads ahead: 0 for none, to 64 MiB; 8 MiB by default} A
   * batch is read ahead once it is read in order or repeatedly.
   */
  public long aheadBytesMax() {
    return settings.get(AHEAD_BYTES_MAX);
  }

  /**
   * {@return these settings with another {@link #aheadBytesMax}}
   *
   * @param value the new value.
   */
  public ReadBackConfig withAheadBytesMax(long value) {
    return new ReadBackConfig(settings.with(AHEAD_BYTES_MAX, value));
  }

  /**
   * {@return the least delay before a GET is sent a second time, in milliseconds: 1 to 60,000; 100
   * by default} The delay is never shorter than the 95th percentile of earlier GETs.
   */
  public long hedgeDelayMsMin() {
    return settings.get(HEDGE_DELAY_MS_MIN);
  }

  /**
   * {@return these settings with another {@link #hedgeDelayMsMin}}
   *
   * @param value the new value.
   */
  public ReadBackConfig withHedgeDelayMsMin(long value) {
    return new ReadBackConfig(settings.with(HEDGE_DELAY_MS_MIN, value));
  }

  /** {@return the most second GETs per hundred GETs: 0 for none, to 100; 5 by default} */
  public int hedgePercentMax() {
    return settings.getInt(HEDGE_PERCENT_MAX);
  }

  /**
   * {@return these settings with another {@link #hedgePercentMax}}
   *
   * @param value the new value.
   */
  public ReadBackConfig withHedgePercentMax(int value) {
    return new ReadBackConfig(settings.with(HEDGE_PERCENT_MAX, (long) value));
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
