package io.ashlar.tier.follow;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.key.FrameKeys;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a follower.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value that breaks the rule of
 * its setting is refused with an {@link IllegalArgumentException}. The message names the setting,
 * the rule and the value.
 */
public final class FollowerConfig {
  private static final SettingTable TABLE = new SettingTable("FollowerConfig");
  private static final Setting<Long> CHECKPOINT = TABLE.number("checkpoint", 0, 0, Long.MAX_VALUE);
  private static final Setting<Long> INDEX_BYTES_MAX =
      TABLE.number("indexBytesMax", 4L << 30, 1L << 20, 1L << 40);
  private static final Setting<ReadBackConfig> READ_BACK =
      TABLE.value("readBack", ReadBackConfig.DEFAULTS);
  private static final Setting<Boolean> PIN = TABLE.value("pin", true);
  private static final Setting<@Nullable FrameKeys> KEYS = TABLE.optional("keys");

  /** The newest checkpoint, pinned, with an index of 4 GiB at most. */
  public static final FollowerConfig DEFAULTS = new FollowerConfig(TABLE.defaults());

  private final Settings settings;

  private FollowerConfig(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the sequence of the manifest to read, 1 or more: the follower then never moves} With
   * 0, the default, it reads the newest one, and {@link FollowerStore#refresh} moves to newer ones.
   */
  public long checkpoint() {
    return settings.get(CHECKPOINT);
  }

  /**
   * {@return these settings with another {@link #checkpoint}}
   *
   * @param value the new value.
   */
  public FollowerConfig withCheckpoint(long value) {
    return new FollowerConfig(settings.with(CHECKPOINT, value));
  }

  /**
   * {@return the native memory for the index of one checkpoint, in bytes: 1 MiB to 1 TiB; 4 GiB by
   * default} It takes 46 to 91 bytes a blob, and twice that while it is refreshed.
   */
  public long indexBytesMax() {
    return settings.get(INDEX_BYTES_MAX);
  }

  /**
   * {@return these settings with another {@link #indexBytesMax}}
   *
   * @param value the new value.
   */
  public FollowerConfig withIndexBytesMax(long value) {
    return new FollowerConfig(settings.with(INDEX_BYTES_MAX, value));
  }

  /** {@return how blobs are read back} */
  public ReadBackConfig readBack() {
    return settings.get(READ_BACK);
  }

  /**
   * {@return these settings with another {@link #readBack}}
   *
   * @param value the new value.
   */
  public FollowerConfig withReadBack(ReadBackConfig value) {
    return new FollowerConfig(settings.with(READ_BACK, value));
  }

  /**
   * {@return whether the checkpoint is pinned, so that no collection drops it; true by default} A
   * pin needs the right to write to the tier. Without a pin the checkpoint may be dropped: then
   * reads fail until the next refresh.
   */
  public boolean pin() {
    return settings.get(PIN);
  }

  /**
   * {@return these settings with another {@link #pin}}
   *
   * @param value the new value.
   */
  public FollowerConfig withPin(boolean value) {
    return new FollowerConfig(settings.with(PIN, value));
  }

  /** {@return the keys of the tier's batches; null, the default, if they are not encrypted} */
  public @Nullable FrameKeys keys() {
    return settings.get(KEYS);
  }

  /**
   * {@return these settings with another {@link #keys}}
   *
   * @param value the new value.
   */
  public FollowerConfig withKeys(@Nullable FrameKeys value) {
    return new FollowerConfig(settings.with(KEYS, value));
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
