package io.ashlar.tier;

/**
 * The settings of a tier. Immutable; every setting is validated once, here.
 *
 * @param intervalMs milliseconds between the end of one periodic pass and the start of the next, 0
 *     to 86,400,000; 0 for no periodic pass. A pass that finds nothing changed makes no request.
 * @param batchBytesTarget uncompressed bytes from which a batch is uploaded, 64 KiB to 64 MiB; a
 *     blob that is larger gets a batch of its own.
 * @param checkpointOnClose whether closing makes one last pass.
 * @param readBack how evicted blobs are read back.
 * @param space when blobs are evicted without being asked for.
 * @param upkeep how long checkpoints are kept, and when what nothing needs is deleted.
 */
public record TierConfig(
    long intervalMs,
    long batchBytesTarget,
    boolean checkpointOnClose,
    ReadBackConfig readBack,
    SpaceConfig space,
    UpkeepConfig upkeep) {

  /** The settings that an open without any uses. */
  public static final TierConfig DEFAULTS =
      new TierConfig(
          10_000,
          8L << 20,
          false,
          ReadBackConfig.DEFAULTS,
          SpaceConfig.NONE,
          UpkeepConfig.DEFAULTS);

  /** Validates every setting. */
  public TierConfig {
    Settings.check("intervalMs", intervalMs, 0, 86_400_000L);
    Settings.check("batchBytesTarget", batchBytesTarget, 64L << 10, 64L << 20);
  }

  /** These settings with another {@link #intervalMs}. */
  public TierConfig withIntervalMs(long value) {
    return new TierConfig(value, batchBytesTarget, checkpointOnClose, readBack, space, upkeep);
  }

  /** These settings with another {@link #batchBytesTarget}. */
  public TierConfig withBatchBytesTarget(long value) {
    return new TierConfig(intervalMs, value, checkpointOnClose, readBack, space, upkeep);
  }

  /** These settings with another {@link #checkpointOnClose}. */
  public TierConfig withCheckpointOnClose(boolean value) {
    return new TierConfig(intervalMs, batchBytesTarget, value, readBack, space, upkeep);
  }

  /** These settings with another {@link #readBack}. */
  public TierConfig withReadBack(ReadBackConfig value) {
    return new TierConfig(intervalMs, batchBytesTarget, checkpointOnClose, value, space, upkeep);
  }

  /** These settings with other memory for what is read back ({@link ReadBackConfig#cacheBytes}). */
  public TierConfig withReadCacheBytes(long value) {
    return withReadBack(readBack.withCacheBytes(value));
  }

  /** These settings with another {@link #space}. */
  public TierConfig withSpace(SpaceConfig value) {
    return new TierConfig(intervalMs, batchBytesTarget, checkpointOnClose, readBack, value, upkeep);
  }

  /** These settings with another {@link #upkeep}. */
  public TierConfig withUpkeep(UpkeepConfig value) {
    return new TierConfig(intervalMs, batchBytesTarget, checkpointOnClose, readBack, space, value);
  }
}
