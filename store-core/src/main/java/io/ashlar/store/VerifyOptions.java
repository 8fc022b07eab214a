package io.ashlar.store;

/**
 * How a verification is done.
 *
 * @param cursor where it begins: 0, or the {@link VerifyReport#nextCursor} of an earlier one, of
 *     whatever open of the same store.
 * @param bytesMax after how many bytes it ends, within a few thousand blobs; at least 1.
 * @param bytesPerSMax how fast it reads at most, in bytes a second; 0 as fast as it can.
 */
public record VerifyOptions(long cursor, long bytesMax, long bytesPerSMax) {

  /** Everything, as fast as it can. */
  public static final VerifyOptions DEFAULTS = new VerifyOptions(0, Long.MAX_VALUE, 0);

  /** Validates every option. */
  public VerifyOptions {
    if (cursor < 0 || cursor >= 1L << 32) {
      throw new IllegalArgumentException("cursor must be one that a report gave: " + cursor);
    }
    if (bytesMax < 1) {
      throw new IllegalArgumentException("bytesMax must be 1 or more: " + bytesMax);
    }
    if (bytesPerSMax < 0) {
      throw new IllegalArgumentException("bytesPerSMax must be 0 or more: " + bytesPerSMax);
    }
  }

  /** Returns these options with another {@link #cursor}. */
  public VerifyOptions withCursor(long value) {
    return new VerifyOptions(value, bytesMax, bytesPerSMax);
  }

  /** Returns these options with another {@link #bytesMax}. */
  public VerifyOptions withBytesMax(long value) {
    return new VerifyOptions(cursor, value, bytesPerSMax);
  }

  /** Returns these options with another {@link #bytesPerSMax}. */
  public VerifyOptions withBytesPerSMax(long value) {
    return new VerifyOptions(cursor, bytesMax, value);
  }
}
