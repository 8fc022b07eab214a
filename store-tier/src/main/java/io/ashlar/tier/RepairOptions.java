package io.ashlar.tier;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * How a tier is repaired.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value that breaks the rule of
 * its setting is refused with an {@link IllegalArgumentException}. The message names the setting,
 * the rule and the value.
 */
public final class RepairOptions {
  private static final SettingTable TABLE = new SettingTable("RepairOptions");
  private static final Setting<Boolean> ALONE = TABLE.value("alone", false);

  /** Another process may write to the prefix. */
  public static final RepairOptions DEFAULTS = new RepairOptions(TABLE.defaults());

  private final Settings settings;

  private RepairOptions(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return whether no other process writes to the prefix, or will write with what it knows now;
   * false by default} True lets a repair continue without a real compare-and-set in the object
   * store. It also accepts manifests that the store's file has not noted.
   */
  public boolean alone() {
    return settings.get(ALONE);
  }

  /**
   * {@return these options with another {@link #alone}}
   *
   * @param value the new value.
   */
  public RepairOptions withAlone(boolean value) {
    return new RepairOptions(settings.with(ALONE, value));
  }

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
