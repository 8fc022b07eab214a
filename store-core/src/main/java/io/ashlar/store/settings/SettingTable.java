package io.ashlar.store.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The settings that a config has. Each is declared once, with its name, default and rule; a config
 * adds a documented method that reads it and one that changes it.
 *
 * <p>Thread: the one that initializes the config's class, until {@link #defaults}.
 */
public final class SettingTable {
  private final String config;
  private final List<Setting<?>> settings = new ArrayList<>();

  /**
   * Begins a table.
   *
   * @param config the name of the config, for {@link Settings#toString}.
   */
  public SettingTable(String config) {
    this.config = config;
  }

  /**
   * Declares a number from {@code least} to {@code most}.
   *
   * @param most {@link Long#MAX_VALUE} for no upper bound.
   */
  public Setting<Long> number(String name, long initial, long least, long most) {
    return number(name, initial, value -> value >= least && value <= most, range(least, most));
  }

  /** Declares a number that is 0, for none, or from {@code least} to {@code most}. */
  public Setting<Long> numberOrZero(String name, long initial, long least, long most) {
    return number(
        name,
        initial,
        value -> value == 0 || (value >= least && value <= most),
        "0 or " + range(least, most));
  }

  /** Declares a power of two from {@code least} to {@code most}. */
  public Setting<Long> powerOfTwo(String name, long initial, long least, long most) {
    return number(
        name,
        initial,
        value -> value >= least && value <= most && Long.bitCount(value) == 1,
        "a power of two, " + range(least, most));
  }

  private static String range(long least, long most) {
    return most == Long.MAX_VALUE ? least + " or more" : least + " to " + most;
  }

  private Setting<Long> number(String name, long initial, LongPredicate allowed, String rule) {
    return add(
        new Setting<>(settings.size(), name, initial, false, new Setting.Range(allowed, rule)));
  }

  /** Declares a setting that has a value, whichever. */
  public <T> Setting<T> value(String name, T initial) {
    return add(new Setting<>(settings.size(), name, initial, false, null));
  }

  /** Declares a setting that may be null and is null by default. */
  public <T> Setting<@Nullable T> optional(String name) {
    return add(new Setting<@Nullable T>(settings.size(), name, null, true, null));
  }

  private <T extends @Nullable Object> Setting<T> add(Setting<T> setting) {
    settings.add(setting);
    return setting;
  }

  /** Returns the defaults of all settings declared. */
  public Settings defaults() {
    return new Settings(this, settings.stream().map(Setting::initial).toArray());
  }

  String config() {
    return config;
  }

  List<Setting<?>> settings() {
    return settings;
  }
}
