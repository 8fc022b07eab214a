package io.ashlar.tier;

/**
 * The settings of a tier. Immutable; every setting is validated once, here.
 *
 * @param intervalMs milliseconds between the end of one periodic pass and the start of the next, 0
 *     to 86,400,000; 0 for no periodic pass. A pass that finds nothing changed makes no request.
 * @param batchBytesTarget uncompressed bytes from which a batch is uploaded, 64 KiB to 64 MiB; a
 *     blob that is larger gets a batch of its own.
 * @param readCacheBytes native memory for decoded frames that blobs were read back from, 0 to 4
 *     GiB; with 0, each blob that is asked for is fetched again.
 * @param checkpointOnClose whether closing makes one last pass.
 */
public record TierConfig(
    long intervalMs, long batchBytesTarget, long readCacheBytes, boolean checkpointOnClose) {

  /** The settings that an open without any uses. */
  public static final TierConfig DEFAULTS = new TierConfig(10_000, 8L << 20, 64L << 20, false);

  /** Validates every setting. */
  public TierConfig {
    check("intervalMs", intervalMs, 0, 86_400_000L);
    check("batchBytesTarget", batchBytesTarget, 64L << 10, 64L << 20);
    check("readCacheBytes", readCacheBytes, 0, 4L << 30);
  }

  private static void check(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(name + " must be " + least + " to " + most + ": " + value);
    }
  }

  /** These settings with another {@link #intervalMs}. */
  public TierConfig withIntervalMs(long value) {
    return new TierConfig(value, batchBytesTarget, readCacheBytes, checkpointOnClose);
  }

  /** These settings with another {@link #batchBytesTarget}. */
  public TierConfig withBatchBytesTarget(long value) {
    return new TierConfig(intervalMs, value, readCacheBytes, checkpointOnClose);
  }

  /** These settings with another {@link #readCacheBytes}. */
  public TierConfig withReadCacheBytes(long value) {
    return new TierConfig(intervalMs, batchBytesTarget, value, checkpointOnClose);
  }

  /** These settings with another {@link #checkpointOnClose}. */
  public TierConfig withCheckpointOnClose(boolean value) {
    return new TierConfig(intervalMs, batchBytesTarget, readCacheBytes, value);
  }
}
