package io.ashlar.tier.restore;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;
import io.ashlar.tier.key.FrameKeys;
import org.jspecify.annotations.Nullable;

/**
 * What is restored and how.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy, and refuses a value that breaks
 * the rule of its setting with an {@link IllegalArgumentException} that names the setting, the rule
 * and the value.
 */
public final class RestoreOptions {
  /** What a restore does about lost objects. */
  public enum Losses {
    /** Fails, and names the first one. */
    REFUSE,
    /**
     * Restores what is proved: blobs of which no later change can be lost. With {@code onto},
     * everything else that the store holds is deleted.
     */
    SKIP,
    /** Restores what is proved, and of uncertain blobs the last state that is left. */
    GUESS
  }

  private static final SettingTable TABLE = new SettingTable("RestoreOptions");
  private static final Setting<Long> CHECKPOINT = TABLE.number("checkpoint", 0, 0, Long.MAX_VALUE);
  private static final Setting<Boolean> ONTO = TABLE.value("onto", false);
  private static final Setting<Boolean> PIN = TABLE.value("pin", true);
  private static final Setting<Losses> LOSSES = TABLE.value("losses", Losses.REFUSE);
  private static final Setting<@Nullable FrameKeys> KEYS = TABLE.optional("keys");

  /** The newest checkpoint into an empty store, pinned, and all of it. */
  public static final RestoreOptions DEFAULTS = new RestoreOptions(TABLE.defaults());

  private final Settings settings;

  private RestoreOptions(Settings settings) {
    this.settings = settings;
  }

  /**
   * Returns the sequence of the manifest whose state is restored: 1 or more; 0, the default, for
   * the newest.
   */
  public long checkpoint() {
    return settings.get(CHECKPOINT);
  }

  /** Returns these options with another {@link #checkpoint}. */
  public RestoreOptions withCheckpoint(long value) {
    return new RestoreOptions(settings.with(CHECKPOINT, value));
  }

  /**
   * Returns whether the store may hold blobs already; false by default. Those that the checkpoint
   * has too, by length and CRC-32C, are verified and kept. The rest is fetched, and what the
   * checkpoint does not have is deleted. So a restore that was cut short is resumed, and one onto
   * yesterday's store fetches what changed.
   */
  public boolean onto() {
    return settings.get(ONTO);
  }

  /** Returns these options with another {@link #onto}. */
  public RestoreOptions withOnto(boolean value) {
    return new RestoreOptions(settings.with(ONTO, value));
  }

  /**
   * Returns whether the checkpoint is pinned for the time of the restore, so that no collection
   * takes it away; true by default. It needs the right to write. Without the pin, or without that
   * right, a restore whose checkpoint is dropped says so, or begins again with the newest.
   */
  public boolean pin() {
    return settings.get(PIN);
  }

  /** Returns these options with another {@link #pin}. */
  public RestoreOptions withPin(boolean value) {
    return new RestoreOptions(settings.with(PIN, value));
  }

  /**
   * Returns what is done if objects of the checkpoint are lost; {@link Losses#REFUSE} by default.
   */
  public Losses losses() {
    return settings.get(LOSSES);
  }

  /** Returns these options with another {@link #losses}. */
  public RestoreOptions withLosses(Losses value) {
    return new RestoreOptions(settings.with(LOSSES, value));
  }

  /** Returns the keys of the tier's batches; null, the default, if they are not encrypted. */
  public @Nullable FrameKeys keys() {
    return settings.get(KEYS);
  }

  /** Returns these options with another {@link #keys}. */
  public RestoreOptions withKeys(@Nullable FrameKeys value) {
    return new RestoreOptions(settings.with(KEYS, value));
  }

  /** Returns name and value of every setting. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
