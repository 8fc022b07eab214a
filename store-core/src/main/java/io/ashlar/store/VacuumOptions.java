package io.ashlar.store;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * The options of {@link BlobStore#vacuum}.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. It refuses a value outside the
 * setting's range with an {@link IllegalArgumentException} that names the setting, the rule and the
 * value.
 */
public final class VacuumOptions {
  private static final SettingTable TABLE = new SettingTable("VacuumOptions");
  private static final Setting<Long> BYTES_PER_SECOND_MAX =
      TABLE.number("bytesPerSecondMax", 0, 0, Long.MAX_VALUE);
  private static final Setting<Long> HOLE_BYTES_MIN =
      TABLE.numberOrZero("holeBytesMin", 0, 4096, 1L << 40);

  /** Moves blobs at full speed, cuts the file, punches no holes. */
  public static final VacuumOptions DEFAULTS = new VacuumOptions(TABLE.defaults());

  private final Settings settings;

  private VacuumOptions(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the most bytes of blobs to move per second, on average over the call} 0 (the default)
   * means as many as the disk allows.
   */
  public long bytesPerSecondMax() {
    return settings.get(BYTES_PER_SECOND_MAX);
  }

  /**
   * {@return these options with another {@link #bytesPerSecondMax}}
   *
   * @param value the new value.
   */
  public VacuumOptions withBytesPerSecondMax(long value) {
    return new VacuumOptions(settings.with(BYTES_PER_SECOND_MAX, value));
  }

  /**
   * {@return the shortest free run to punch, in bytes: 4 KiB to 1 TiB, or 0 (the default) to punch
   * none} Punching returns the run's space to the file system while the file keeps its length.
   *
   * <p>The store fills a hole with zeroes before it uses it. It forgets holes when it is closed.
   * After the next open, a commit into a hole is several times slower. It poisons the store when
   * the file system is full.
   */
  public long holeBytesMin() {
    return settings.get(HOLE_BYTES_MIN);
  }

  /**
   * {@return these options with another {@link #holeBytesMin}}
   *
   * @param value the new value.
   */
  public VacuumOptions withHoleBytesMin(long value) {
    return new VacuumOptions(settings.with(HOLE_BYTES_MIN, value));
  }

  /** Returns name and value of every setting. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
