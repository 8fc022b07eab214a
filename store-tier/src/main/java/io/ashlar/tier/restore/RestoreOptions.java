package io.ashlar.tier.restore;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;
import io.ashlar.tier.key.FrameKeys;
import org.jspecify.annotations.Nullable;

/**
 * Which checkpoint is restored, and how.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value that breaks the rule of
 * its setting is refused with an {@link IllegalArgumentException}. The message names the setting,
 * the rule and the value.
 */
public final class RestoreOptions {
  /** What a restore does about lost objects. */
  public enum Losses {
    /** Fails, and names the first one. */
    REFUSE,
    /**
     * Restores proved blobs: those of which no later change can be lost. With {@code onto}, deletes
     * every other blob that the store holds.
     */
    SKIP,
    /** Restores proved blobs, and the last known state of uncertain ones. */
    GUESS
  }

  private static final SettingTable TABLE = new SettingTable("RestoreOptions");
  private static final Setting<Long> CHECKPOINT = TABLE.number("checkpoint", 0, 0, Long.MAX_VALUE);
  private static final Setting<Boolean> ONTO = TABLE.value("onto", false);
  private static final Setting<Boolean> PIN = TABLE.value("pin", true);
  private static final Setting<Losses> LOSSES = TABLE.value("losses", Losses.REFUSE);
  private static final Setting<@Nullable FrameKeys> KEYS = TABLE.optional("keys");

  /** Restores all of the newest checkpoint into an empty store, and pins it meanwhile. */
  public static final RestoreOptions DEFAULTS = new RestoreOptions(TABLE.defaults());

  private final Settings settings;

  private RestoreOptions(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the sequence of the manifest whose state is restored: 1 or more; 0, the default, for
   * the newest}
   */
  public long checkpoint() {
    return settings.get(CHECKPOINT);
  }

  /**
   * {@return these options with another {@link #checkpoint}}
   *
   * @param value the new value.
   */
  public RestoreOptions withCheckpoint(long value) {
    return new RestoreOptions(settings.with(CHECKPOINT, value));
  }

  /**
   * {@return whether the store may hold blobs already; false by default} Those that the checkpoint
   * has too, by length and CRC-32C, are verified and kept. The rest is fetched, and blobs that the
   * checkpoint does not have are deleted. Use it to resume a restore that was cut short, or to
   * bring yesterday's store up to date.
   */
  public boolean onto() {
    return settings.get(ONTO);
  }

  /**
   * {@return these options with another {@link #onto}}
   *
   * @param value the new value.
   */
  public RestoreOptions withOnto(boolean value) {
    return new RestoreOptions(settings.with(ONTO, value));
  }

  /**
   * {@return whether the checkpoint is pinned during the restore, so that no collection drops it;
   * true by default} A pin needs the right to write to the tier. Without a pin the checkpoint may
   * be dropped meanwhile: then the restore fails, or starts again with the newest one.
   */
  public boolean pin() {
    return settings.get(PIN);
  }

  /**
   * {@return these options with another {@link #pin}}
   *
   * @param value the new value.
   */
  public RestoreOptions withPin(boolean value) {
    return new RestoreOptions(settings.with(PIN, value));
  }

  /**
   * {@return what is done if objects of the checkpoint are lost; {@link Losses#REFUSE} by default}
   */
  public Losses losses() {
    return settings.get(LOSSES);
  }

  /**
   * {@return these options with another {@link #losses}}
   *
   * @param value the new value.
   */
  public RestoreOptions withLosses(Losses value) {
    return new RestoreOptions(settings.with(LOSSES, value));
  }

  /** {@return the keys of the tier's batches; null, the default, if they are not encrypted} */
  public @Nullable FrameKeys keys() {
    return settings.get(KEYS);
  }

  /**
   * {@return these options with another {@link #keys}}
   *
   * @param value the new value.
   */
  public RestoreOptions withKeys(@Nullable FrameKeys value) {
    return new RestoreOptions(settings.with(KEYS, value));
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
