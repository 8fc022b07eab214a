package io.ashlar.store.settings;

import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The values of a config's settings. Immutable. Thread: any. */
public final class Settings {
  private final SettingTable table;
  private final @Nullable Object[] values; // by place

  Settings(SettingTable table, @Nullable Object[] values) {
    this.table = table;
    this.values = values;
  }

  /**
   * {@return the value of a setting of this table}
   *
   * @param <T> the type of the value.
   * @param setting a setting that the same table declared.
   */
  @SuppressWarnings("unchecked") // with() put it there
  public <T extends @Nullable Object> T get(Setting<T> setting) {
    return (T) values[setting.place()];
  }

  /**
   * {@return the value of a setting whose rule keeps it within an int}
   *
   * @param setting a setting that the same table declared.
   * @throws ArithmeticException if the value is no int.
   */
  public int getInt(Setting<Long> setting) {
    return Math.toIntExact(get(setting));
  }

  /**
   * {@return these values with another value of one setting}
   *
   * @param <T> the type of the value.
   * @param setting a setting that the same table declared.
   * @param value the new value; null only for an optional setting.
   * @throws IllegalArgumentException naming the setting, the rule and the value, if the rule
   *     forbids it.
   */
  public <T extends @Nullable Object> Settings with(Setting<T> setting, @Nullable T value) {
    setting.check(value);
    @Nullable Object[] next = values.clone();
    next[setting.place()] = value;
    return new Settings(table, next);
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return table.settings().stream()
        .map(setting -> setting.name() + "=" + values[setting.place()])
        .collect(Collectors.joining(", ", table.config() + "[", "]"));
  }
}
