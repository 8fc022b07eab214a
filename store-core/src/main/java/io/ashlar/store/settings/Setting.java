package io.ashlar.store.settings;

import org.jspecify.annotations.Nullable;

/**
 * One setting of a config: its name, its default and its rule. Immutable; made by {@link
 * SettingTable}.
 *
 * @param <T> what its values are.
 */
public final class Setting<T extends @Nullable Object> {
  private final int place;
  private final String name;
  private final @Nullable T initial;
  private final boolean optional;
  private final @Nullable Range range;

  /**
   * The rule of a number.
   *
   * @param most {@link Long#MAX_VALUE} for no upper bound.
   * @param orZero whether 0 is allowed too.
   * @param powerOfTwo whether only powers of two are allowed.
   */
  record Range(long least, long most, boolean orZero, boolean powerOfTwo) {

    boolean allows(long value) {
      return (orZero && value == 0)
          || (value >= least && value <= most && (!powerOfTwo || Long.bitCount(value) == 1));
    }

    @Override
    public String toString() {
      return (orZero ? "0 or " : powerOfTwo ? "a power of two, " : "")
          + least
          + (most == Long.MAX_VALUE ? " or more" : " to " + most);
    }
  }

  Setting(int place, String name, @Nullable T initial, boolean optional, @Nullable Range range) {
    this.place = place;
    this.name = name;
    this.initial = initial;
    this.optional = optional;
    this.range = range;
  }

  /** Returns its place in the table. */
  int place() {
    return place;
  }

  /** Returns its name: that of the config's method. */
  String name() {
    return name;
  }

  /** Returns its default. */
  @Nullable T initial() {
    return initial;
  }

  /**
   * Checks a value against the rule.
   *
   * @throws IllegalArgumentException naming the setting, the rule and the value.
   */
  void check(@Nullable T value) {
    if (value == null && !optional) {
      throw new IllegalArgumentException(name + " must be given: null");
    }
    if (range != null && value instanceof Number number && !range.allows(number.longValue())) {
      throw new IllegalArgumentException(name + " must be " + range + ": " + value);
    }
  }
}
