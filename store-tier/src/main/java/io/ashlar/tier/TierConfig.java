package io.ashlar.tier;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * The settings of a tier.
 *
 * <pre>{@code
 * TierConfig config =
 *     TierConfig.DEFAULTS
 *         .withSpace(SpaceConfig.DEFAULTS.withHighBytes(80L << 30).withLowBytes(60L << 30))
 *         .withCollection(CollectionConfig.DEFAULTS.withRetainCount(24));
 * }</pre>
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value that breaks the rule of
 * its setting is refused with an {@link IllegalArgumentException}. The message names the setting,
 * the rule and the value.
 */
public final class TierConfig {
  private static final SettingTable TABLE = new SettingTable("TierConfig");
  private static final Setting<Long> INTERVAL_MS =
      TABLE.number("intervalMs", 10_000, 0, 86_400_000);
  private static final Setting<Long> BATCH_BYTES_TARGET =
      TABLE.number("batchBytesTarget", 8L << 20, 64L << 10, 64L << 20);
  private static final Setting<Boolean> CHECKPOINT_ON_CLOSE =
      TABLE.value("checkpointOnClose", false);
  private static final Setting<ReadBackConfig> READ_BACK =
      TABLE.value("readBack", ReadBackConfig.DEFAULTS);
  private static final Setting<SpaceConfig> SPACE = TABLE.value("space", SpaceConfig.DEFAULTS);
  private static final Setting<CollectionConfig> COLLECTION =
      TABLE.value("collection", CollectionConfig.DEFAULTS);
  private static final Setting<Long> PRESENCE_INTERVAL_MS =
      TABLE.number("presenceIntervalMs", 3_600_000, 0, 86_400_000);

  /** The settings that an open uses unless it is given others. */
  public static final TierConfig DEFAULTS = new TierConfig(TABLE.defaults());

  private final Settings settings;

  private TierConfig(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the time between the end of one periodic pass and the start of the next, in
   * milliseconds: 0 to a day; 10 seconds by default} With 0 there are no periodic passes. A pass
   * that finds nothing changed makes no request.
   */
  public long intervalMs() {
    return settings.get(INTERVAL_MS);
  }

  /**
   * {@return these settings with another {@link #intervalMs}}
   *
   * @param value the new value.
   */
  public TierConfig withIntervalMs(long value) {
    return new TierConfig(settings.with(INTERVAL_MS, value));
  }

  /**
   * {@return the uncompressed bytes from which a batch is uploaded: 64 KiB to 64 MiB; 8 MiB by
   * default} A larger blob gets a batch of its own.
   */
  public long batchBytesTarget() {
    return settings.get(BATCH_BYTES_TARGET);
  }

  /**
   * {@return these settings with another {@link #batchBytesTarget}}
   *
   * @param value the new value.
   */
  public TierConfig withBatchBytesTarget(long value) {
    return new TierConfig(settings.with(BATCH_BYTES_TARGET, value));
  }

  /** {@return whether closing makes one last pass; false by default} */
  public boolean checkpointOnClose() {
    return settings.get(CHECKPOINT_ON_CLOSE);
  }

  /**
   * {@return these settings with another {@link #checkpointOnClose}}
   *
   * @param value the new value.
   */
  public TierConfig withCheckpointOnClose(boolean value) {
    return new TierConfig(settings.with(CHECKPOINT_ON_CLOSE, value));
  }

  /** {@return how evicted blobs are read back} */
  public ReadBackConfig readBack() {
    return settings.get(READ_BACK);
  }

  /**
   * {@return these settings with another {@link #readBack}}
   *
   * @param value the new value.
   */
  public TierConfig withReadBack(ReadBackConfig value) {
    return new TierConfig(settings.with(READ_BACK, value));
  }

  /** {@return when blobs are evicted without being asked for; never by default} */
  public SpaceConfig space() {
    return settings.get(SPACE);
  }

  /**
   * {@return these settings with another {@link #space}}
   *
   * @param value the new value.
   */
  public TierConfig withSpace(SpaceConfig value) {
    return new TierConfig(settings.with(SPACE, value));
  }

  /** {@return how long checkpoints are kept, and when unneeded objects are deleted} */
  public CollectionConfig collection() {
    return settings.get(COLLECTION);
  }

  /**
   * {@return these settings with another {@link #collection}}
   *
   * @param value the new value.
   */
  public TierConfig withCollection(CollectionConfig value) {
    return new TierConfig(settings.with(COLLECTION, value));
  }

  /**
   * {@return how long a presence check holds, in milliseconds: 0 to a day; an hour by default} The
   * check lists the tier's objects: are the chain of manifests and the batches that evicted blobs
   * need still there?
   *
   * <p>The check runs before the first eviction after an open, and again once it has expired. With
   * 0 it runs before each eviction. A tier that evicts nothing makes no check.
   */
  public long presenceIntervalMs() {
    return settings.get(PRESENCE_INTERVAL_MS);
  }

  /**
   * {@return these settings with another {@link #presenceIntervalMs}}
   *
   * @param value the new value.
   */
  public TierConfig withPresenceIntervalMs(long value) {
    return new TierConfig(settings.with(PRESENCE_INTERVAL_MS, value));
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
