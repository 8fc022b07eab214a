package io.ashlar.tier.checkpoint;

import org.jspecify.annotations.Nullable;

/**
 * JSON that is no manifest of this version: damaged, foreign, hostile or later. The message names
 * the field and the rule. Use an earlier manifest or a later release; reading again will not help.
 */
public final class ManifestFormatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean otherVersion;

  ManifestFormatException(String message, @Nullable Throwable cause) {
    this(message, false, cause);
  }

  ManifestFormatException(String message, boolean otherVersion, @Nullable Throwable cause) {
    super("manifest refused: " + message, cause);
    this.otherVersion = otherVersion;
  }

  /** Whether it is a manifest of a version that this release does not read. */
  public boolean otherVersion() {
    return otherVersion;
  }
}
