package io.ashlar.store;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * The options of {@link BlobStore#verify(VerifyOptions, VerifyListener)}.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. It refuses a value outside the
 * setting's range with an {@link IllegalArgumentException} that names the setting, the rule and the
 * value.
 */
public final class VerifyOptions {
  private static final SettingTable TABLE = new SettingTable("VerifyOptions");
  private static final Setting<Long> CURSOR = TABLE.number("cursor", 0, 0, (1L << 32) - 1);
  private static final Setting<Long> BYTES_MAX =
      TABLE.number("bytesMax", Long.MAX_VALUE, 1, Long.MAX_VALUE);
  private static final Setting<Long> BYTES_PER_SECOND_MAX =
      TABLE.number("bytesPerSecondMax", 0, 0, Long.MAX_VALUE);

  /** Verifies everything at full speed. */
  public static final VerifyOptions DEFAULTS = new VerifyOptions(TABLE.defaults());

  private final Settings settings;

  private VerifyOptions(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return where the verification begins: 0, or the {@link VerifyReport#nextCursor} of an earlier
   * verification by any open of the same store}
   */
  public long cursor() {
    return settings.get(CURSOR);
  }

  /**
   * {@return these options with another {@link #cursor}}
   *
   * @param value the new value.
   */
  public VerifyOptions withCursor(long value) {
    return new VerifyOptions(settings.with(CURSOR, value));
  }

  /**
   * {@return the bytes after which the verification ends, within a few thousand blobs: 1 or more;
   * no limit by default}
   */
  public long bytesMax() {
    return settings.get(BYTES_MAX);
  }

  /**
   * {@return these options with another {@link #bytesMax}}
   *
   * @param value the new value.
   */
  public VerifyOptions withBytesMax(long value) {
    return new VerifyOptions(settings.with(BYTES_MAX, value));
  }

  /**
   * {@return the most bytes to read per second; 0 (the default) means as many as the disk allows}
   */
  public long bytesPerSecondMax() {
    return settings.get(BYTES_PER_SECOND_MAX);
  }

  /**
   * {@return these options with another {@link #bytesPerSecondMax}}
   *
   * @param value the new value.
   */
  public VerifyOptions withBytesPerSecondMax(long value) {
    return new VerifyOptions(settings.with(BYTES_PER_SECOND_MAX, value));
  }

  /** Returns name and value of every setting. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
