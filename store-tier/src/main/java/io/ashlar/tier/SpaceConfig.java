package io.ashlar.tier;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * When a tier evicts by itself.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value that breaks the rule of
 * its setting is refused with an {@link IllegalArgumentException}. The message names the setting,
 * the rule and the value.
 */
public final class SpaceConfig {
  private static final SettingTable TABLE = new SettingTable("SpaceConfig");
  private static final Setting<Long> HIGH_BYTES = TABLE.number("highBytes", 0, 0, 1L << 60);
  private static final Setting<Long> LOW_BYTES = TABLE.number("lowBytes", 0, 0, 1L << 60);

  /** Evicts only when asked. */
  public static final SpaceConfig DEFAULTS = new SpaceConfig(TABLE.defaults());

  private final Settings settings;

  private SpaceConfig(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the bytes of local blobs above which a pass ends with an eviction: 0 (the default) for
   * never, to 1 EiB} Blobs count in whole blocks of 4 KiB; the log and the index checkpoints do not
   * count.
   */
  public long highBytes() {
    return settings.get(HIGH_BYTES);
  }

  /**
   * {@return these settings with another {@link #highBytes}}
   *
   * @param value the new value.
   */
  public SpaceConfig withHighBytes(long value) {
    return new SpaceConfig(settings.with(HIGH_BYTES, value)).checked();
  }

  /**
   * {@return the bytes of local blobs at which that eviction ends: 0 (the default) to {@link
   * #highBytes}} It evicts remote-durable blobs only, the oldest writes first.
   */
  public long lowBytes() {
    return settings.get(LOW_BYTES);
  }

  /**
   * {@return these settings with another {@link #lowBytes}}
   *
   * @param value the new value.
   */
  public SpaceConfig withLowBytes(long value) {
    return new SpaceConfig(settings.with(LOW_BYTES, value)).checked();
  }

  private SpaceConfig checked() {
    if (lowBytes() > highBytes()) {
      throw new IllegalArgumentException(
          "lowBytes must be 0 to highBytes, %d: %d".formatted(highBytes(), lowBytes()));
    }
    return this;
  }

  /** {@return whether there is a limit, so that passes may evict} */
  public boolean isLimited() {
    return highBytes() > 0;
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
