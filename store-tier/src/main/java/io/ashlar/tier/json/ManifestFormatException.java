package io.ashlar.tier.json;

import org.jspecify.annotations.Nullable;

/**
 * JSON that is no manifest of this version: damaged, foreign, hostile or later. The message names
 * the field and the rule. Use an earlier manifest or a later release; reading again will not help.
 */
public final class ManifestFormatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean otherVersion;
  private final long expected;
  private final long actual;

  public ManifestFormatException(String message, @Nullable Throwable cause) {
    this(message, false, cause);
  }

  public ManifestFormatException(String message, boolean otherVersion, @Nullable Throwable cause) {
    super("manifest refused: " + message, cause);
    this.otherVersion = otherVersion;
    this.expected = 0;
    this.actual = 0;
  }

  /** One whose checksum is not right. */
  public ManifestFormatException(String message, long expected, long actual) {
    super("manifest refused: " + message + ": expected=" + expected + ", actual=" + actual);
    this.otherVersion = false;
    this.expected = expected;
    this.actual = actual;
  }

  /** Whether it is a manifest of a version that this release does not read. */
  public boolean otherVersion() {
    return otherVersion;
  }

  /**
   * The CRC-32C that the object says it has, −1 if that cannot be read; 0 if it was refused for
   * another reason.
   */
  public long expected() {
    return expected;
  }

  /** The CRC-32C of what is there; 0 if it was refused for another reason. */
  public long actual() {
    return actual;
  }
}
