package io.ashlar.store.settings;

import java.util.ArrayList;
import java.util.List;
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
   * @param name the name of the setting, as its methods and error messages have it.
   * @param initial the default.
   * @param least the smallest value allowed.
   * @param most the greatest value allowed; {@link Long#MAX_VALUE} for no upper bound.
   * @return the key that reads and changes the setting.
   */
  public Setting<Long> number(String name, long initial, long least, long most) {
    return number(name, initial, new Setting.Range(least, most, false, false));
  }

  /**
   * Declares a number that is 0, for none, or from {@code least} to {@code most}.
   *
   * @param name the name of the setting, as its methods and error messages have it.
   * @param initial the default.
   * @param least the smallest value allowed beside 0.
   * @param most the greatest value allowed.
   * @return the key that reads and changes the setting.
   */
  public Setting<Long> numberOrZero(String name, long initial, long least, long most) {
    return number(name, initial, new Setting.Range(least, most, true, false));
  }

  /**
   * Declares a power of two from {@code least} to {@code most}.
   *
   * @param name the name of the setting, as its methods and error messages have it.
   * @param initial the default.
   * @param least the smallest value allowed.
   * @param most the greatest value allowed.
   * @return the key that reads and changes the setting.
   */
  public Setting<Long> powerOfTwo(String name, long initial, long least, long most) {
    return number(name, initial, new Setting.Range(least, most, false, true));
  }

  private Setting<Long> number(String name, long initial, Setting.Range range) {
    return add(new Setting<>(settings.size(), name, initial, false, range));
  }

  /**
   * Declares a setting that may have any value except null.
   *
   * @param <T> the type of the value.
   * @param name the name of the setting, as its methods and error messages have it.
   * @param initial the default.
   * @return the key that reads and changes the setting.
   */
  public <T> Setting<T> value(String name, T initial) {
    return add(new Setting<>(settings.size(), name, initial, false, null));
  }

  /**
   * Declares a setting that may be null and is null by default.
   *
   * @param <T> the type of the value.
   * @param name the name of the setting, as its methods and error messages have it.
   * @return the key that reads and changes the setting.
   */
  public <T> Setting<@Nullable T> optional(String name) {
    return add(new Setting<@Nullable T>(settings.size(), name, null, true, null));
  }

  private <T extends @Nullable Object> Setting<T> add(Setting<T> setting) {
    settings.add(setting);
    return setting;
  }

  /** {@return the defaults of all settings declared} */
  public Settings defaults() {
    @Nullable Object[] values = new Object[settings.size()];
    for (Setting<?> setting : settings) {
      values[setting.place()] = setting.initial();
    }
    return new Settings(this, values);
  }

  String config() {
    return config;
  }

  List<Setting<?>> settings() {
    return settings;
  }
}
