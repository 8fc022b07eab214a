package io.ashlar.tier;

/** Checks of settings, apart from the configs that use it, which refer to each other. */
final class Settings {
  private Settings() {}

  /** Refuses a value out of its range, naming the setting, the value and the rule. */
  static void check(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(name + " must be " + least + " to " + most + ": " + value);
    }
  }
}
