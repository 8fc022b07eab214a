package io.ashlar.store;

/**
 * How {@link BlobStore#vacuum} is to go about it.
 *
 * @param bytesPerSecondMax how many bytes of blobs are moved a second at most, on average over the
 *     call; 0 (the default) moves as fast as the disk allows.
 * @param holeBytesMin how long a free run must be for its space to be given back to the file system
 *     although the file goes on behind it; 4 KiB to 1 TiB, or 0 (the default) for never. The store
 *     fills a hole with zeroes again before it uses it. It forgets holes when it is closed: after
 *     the next open a commit that lands in one is several times slower, and poisons the store when
 *     the file system is full.
 */
public record VacuumOptions(long bytesPerSecondMax, long holeBytesMin) {

  /** Move at full speed, cut the file, punch nothing. */
  public static final VacuumOptions DEFAULTS = new VacuumOptions(0, 0);

  /** Validates every option. */
  public VacuumOptions {
    if (bytesPerSecondMax < 0) {
      throw new IllegalArgumentException(
          "bytesPerSecondMax must be 0 or more: " + bytesPerSecondMax);
    }
    if (holeBytesMin != 0 && (holeBytesMin < 4096 || holeBytesMin > 1L << 40)) {
      throw new IllegalArgumentException(
          "holeBytesMin must be 0 or " + 4096 + " to " + (1L << 40) + ": " + holeBytesMin);
    }
  }

  /** Returns these options with another {@link #bytesPerSecondMax}. */
  public VacuumOptions withBytesPerSecondMax(long value) {
    return new VacuumOptions(value, holeBytesMin);
  }

  /** Returns these options with another {@link #holeBytesMin}. */
  public VacuumOptions withHoleBytesMin(long value) {
    return new VacuumOptions(bytesPerSecondMax, value);
  }
}
