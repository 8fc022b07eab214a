package io.ashlar.store;

/**
 * The settings of a local store: numbers and durations, validated once.
 *
 * @param poolBytes native memory for the buffers of commits and reads; 4 MiB to 64 GiB.
 * @param coalesceWindowNs how long an idle commit waits for company; 0 (the default) commits at
 *     once.
 * @param groupEpochsMax the most epochs that one log record covers; 1 to 64.
 * @param groupBytesMax the most bytes that one gathered write carries; 64 KiB to 256 MiB.
 * @param queueCapacity epochs that can wait for the I/O thread; a power of two from 2 to 65,536.
 * @param backPressureTimeoutMs how long a put or commit waits for a buffer, a queue slot, or for
 *     others to hold less than {@code heldBytesMax}.
 * @param heldBytesMax how much of the data file epochs may hold before their commit, all together:
 *     values that are streamed to it, and what was written ahead of large epochs; 1 MiB to 16 TiB.
 *     No epoch can hold more, nor a blob that is streamed be longer.
 * @param lockTimeoutMs how long opening waits for another process to let go of the store.
 * @param initialFileBytes the size of a new data file; at least 128 KiB, rounded up to 4 KiB.
 * @param growthBytesMin the least that the data file grows by; at least 64 KiB, rounded up to 4
 *     KiB.
 * @param freeSharePercentMax how much of the data file may be free, in percent, so that it still
 *     grows ahead of need or for contiguous space; 1 to 50. While more is free, however scattered,
 *     commits use the holes, and the file grows only for a value that fits nowhere. It grows by a
 *     sixteenth (by {@link #growthBytesMin} at least), so that overwriting leaves it at most 1.0625
 *     / (1 − share) times as long as what it holds, log and index checkpoints included: 1.21 times
 *     by default, 12, and 1.33 times with 20. Where values are committed one by one and are small,
 *     the share that their records have comes on top. Less free space means shorter holes, and
 *     slower commits once the store has aged.
 * @param logExtentBytesMax the longest log extent; 32 KiB to 64 MiB.
 * @param checkpointLogBytesMin how far the log advances at least between two index checkpoints; 64
 *     KiB to 64 GiB, unless it has 65,536 operations, or as many as a sixteenth of the blobs. An
 *     open replays at most about this much, or four times the last checkpoint's size, and so many.
 * @param quietMarkMs how long without a commit until the last one is marked in the log (rule L31).
 * @param snapshotEntriesMax entries that are kept for open snapshots after they were superseded, at
 *     about 64 bytes of native memory each; 16 to 2^30. When more would be needed the oldest
 *     snapshot is ended ({@link SnapshotEndedException}), since commits never wait for a reader; up
 *     to as many again are in memory while those of ended snapshots are given up.
 * @param cacheBytes native memory that keeps blobs which are read often, so that they are read
 *     without I/O and lent without a copy; 0 (the default) for none, else 1 MiB to 1 TiB. Needs
 *     Caffeine on the class path. A blob of more than a sixteenth of it is not kept.
 * @param engine which disk engine to use.
 * @param allowBuffered whether a file system that refuses direct I/O is accepted, at the price of
 *     copies through the page cache.
 */
public record StoreConfig(
    long poolBytes,
    long coalesceWindowNs,
    int groupEpochsMax,
    long groupBytesMax,
    int queueCapacity,
    long backPressureTimeoutMs,
    long heldBytesMax,
    long lockTimeoutMs,
    long initialFileBytes,
    long growthBytesMin,
    int freeSharePercentMax,
    long logExtentBytesMax,
    long checkpointLogBytesMin,
    long quietMarkMs,
    int snapshotEntriesMax,
    long cacheBytes,
    Engine engine,
    boolean allowBuffered) {

  /** Which way to reach the disk. */
  public enum Engine {
    /** io_uring where the kernel allows it, else pread and pwrite; the reason is logged once. */
    AUTO,
    /** pread and pwrite even where io_uring is available. */
    PREAD_PWRITE
  }

  /** The settings that an open without any uses. */
  public static final StoreConfig DEFAULTS =
      new StoreConfig(
          64L << 20,
          0,
          64,
          16L << 20,
          1024,
          10_000,
          16L << 30,
          2_000,
          16L << 20,
          16L << 20,
          12,
          64L << 20,
          32L << 20,
          10,
          1 << 20,
          0,
          Engine.AUTO,
          false);

  /** Validates every setting. */
  public StoreConfig {
    check("poolBytes", poolBytes, 4L << 20, 64L << 30);
    check("coalesceWindowNs", coalesceWindowNs, 0, 1_000_000_000L);
    check("groupEpochsMax", groupEpochsMax, 1, 64);
    check("groupBytesMax", groupBytesMax, 64L << 10, 256L << 20);
    check("queueCapacity", queueCapacity, 2, 65_536);
    if (Integer.bitCount(queueCapacity) != 1) {
      throw new IllegalArgumentException("queueCapacity must be a power of two: " + queueCapacity);
    }
    check("backPressureTimeoutMs", backPressureTimeoutMs, 0, 86_400_000L);
    check("heldBytesMax", heldBytesMax, 1L << 20, 16L << 40);
    check("lockTimeoutMs", lockTimeoutMs, 0, 86_400_000L);
    check("initialFileBytes", initialFileBytes, 128L << 10, 1L << 40);
    check("growthBytesMin", growthBytesMin, 64L << 10, 64L << 30);
    check("freeSharePercentMax", freeSharePercentMax, 1, 50);
    check("logExtentBytesMax", logExtentBytesMax, 32L << 10, 64L << 20);
    check("checkpointLogBytesMin", checkpointLogBytesMin, 64L << 10, 64L << 30);
    check("quietMarkMs", quietMarkMs, 1, 60_000L);
    check("snapshotEntriesMax", snapshotEntriesMax, 16, 1L << 30);
    if (cacheBytes != 0) {
      check("cacheBytes", cacheBytes, 1L << 20, 1L << 40);
    }
  }

  /** Returns these settings with another {@link #poolBytes}. */
  public StoreConfig withPoolBytes(long value) {
    Draft draft = new Draft(this);
    draft.poolBytes = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #coalesceWindowNs}. */
  public StoreConfig withCoalesceWindowNs(long value) {
    Draft draft = new Draft(this);
    draft.coalesceWindowNs = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #groupEpochsMax}. */
  public StoreConfig withGroupEpochsMax(int value) {
    Draft draft = new Draft(this);
    draft.groupEpochsMax = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #groupBytesMax}. */
  public StoreConfig withGroupBytesMax(long value) {
    Draft draft = new Draft(this);
    draft.groupBytesMax = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #queueCapacity}. */
  public StoreConfig withQueueCapacity(int value) {
    Draft draft = new Draft(this);
    draft.queueCapacity = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #backPressureTimeoutMs}. */
  public StoreConfig withBackPressureTimeoutMs(long value) {
    Draft draft = new Draft(this);
    draft.backPressureTimeoutMs = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #heldBytesMax}. */
  public StoreConfig withHeldBytesMax(long value) {
    Draft draft = new Draft(this);
    draft.heldBytesMax = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #lockTimeoutMs}. */
  public StoreConfig withLockTimeoutMs(long value) {
    Draft draft = new Draft(this);
    draft.lockTimeoutMs = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #initialFileBytes}. */
  public StoreConfig withInitialFileBytes(long value) {
    Draft draft = new Draft(this);
    draft.initialFileBytes = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #growthBytesMin}. */
  public StoreConfig withGrowthBytesMin(long value) {
    Draft draft = new Draft(this);
    draft.growthBytesMin = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #freeSharePercentMax}. */
  public StoreConfig withFreeSharePercentMax(int value) {
    Draft draft = new Draft(this);
    draft.freeSharePercentMax = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #logExtentBytesMax}. */
  public StoreConfig withLogExtentBytesMax(long value) {
    Draft draft = new Draft(this);
    draft.logExtentBytesMax = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #checkpointLogBytesMin}. */
  public StoreConfig withCheckpointLogBytesMin(long value) {
    Draft draft = new Draft(this);
    draft.checkpointLogBytesMin = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #quietMarkMs}. */
  public StoreConfig withQuietMarkMs(long value) {
    Draft draft = new Draft(this);
    draft.quietMarkMs = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #snapshotEntriesMax}. */
  public StoreConfig withSnapshotEntriesMax(int value) {
    Draft draft = new Draft(this);
    draft.snapshotEntriesMax = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #cacheBytes}. */
  public StoreConfig withCacheBytes(long value) {
    Draft draft = new Draft(this);
    draft.cacheBytes = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #engine}. */
  public StoreConfig withEngine(Engine value) {
    Draft draft = new Draft(this);
    draft.engine = value;
    return draft.finish();
  }

  /** Returns these settings with another {@link #allowBuffered}. */
  public StoreConfig withAllowBuffered(boolean value) {
    Draft draft = new Draft(this);
    draft.allowBuffered = value;
    return draft.finish();
  }

  private static void check(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(name + " must be " + least + " to " + most + ": " + value);
    }
  }

  /** Settings of which one is about to change; the other place that lists them all. */
  private static final class Draft {
    private long poolBytes;
    private long coalesceWindowNs;
    private int groupEpochsMax;
    private long groupBytesMax;
    private int queueCapacity;
    private long backPressureTimeoutMs;
    private long heldBytesMax;
    private long lockTimeoutMs;
    private long initialFileBytes;
    private long growthBytesMin;
    private int freeSharePercentMax;
    private long logExtentBytesMax;
    private long checkpointLogBytesMin;
    private long quietMarkMs;
    private int snapshotEntriesMax;
    private long cacheBytes;
    private Engine engine;
    private boolean allowBuffered;

    private Draft(StoreConfig from) {
      poolBytes = from.poolBytes;
      coalesceWindowNs = from.coalesceWindowNs;
      groupEpochsMax = from.groupEpochsMax;
      groupBytesMax = from.groupBytesMax;
      queueCapacity = from.queueCapacity;
      backPressureTimeoutMs = from.backPressureTimeoutMs;
      heldBytesMax = from.heldBytesMax;
      lockTimeoutMs = from.lockTimeoutMs;
      initialFileBytes = from.initialFileBytes;
      growthBytesMin = from.growthBytesMin;
      freeSharePercentMax = from.freeSharePercentMax;
      logExtentBytesMax = from.logExtentBytesMax;
      checkpointLogBytesMin = from.checkpointLogBytesMin;
      quietMarkMs = from.quietMarkMs;
      snapshotEntriesMax = from.snapshotEntriesMax;
      cacheBytes = from.cacheBytes;
      engine = from.engine;
      allowBuffered = from.allowBuffered;
    }

    private StoreConfig finish() {
      return new StoreConfig(
          poolBytes,
          coalesceWindowNs,
          groupEpochsMax,
          groupBytesMax,
          queueCapacity,
          backPressureTimeoutMs,
          heldBytesMax,
          lockTimeoutMs,
          initialFileBytes,
          growthBytesMin,
          freeSharePercentMax,
          logExtentBytesMax,
          checkpointLogBytesMin,
          quietMarkMs,
          snapshotEntriesMax,
          cacheBytes,
          engine,
          allowBuffered);
    }
  }
}
