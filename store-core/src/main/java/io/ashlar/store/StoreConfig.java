package io.ashlar.store;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;
import java.util.function.Supplier;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a local store.
 *
 * <pre>{@code
 * LocalBlobStore.builder(folder)
 *     .config(StoreConfig.DEFAULTS.withPoolBytes(256 << 20).withCacheBytes(1L << 30))
 *     .open();
 * }</pre>
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. It refuses a value outside the
 * setting's range with an {@link IllegalArgumentException} that names the setting, the rule and the
 * value.
 */
public final class StoreConfig {
  /** The system calls that access the disk. */
  public enum Engine {
    /** io_uring where the kernel allows it, else pread and pwrite; the reason is logged once. */
    AUTO,
    /** pread and pwrite even where io_uring is available. */
    PREAD_PWRITE
  }

  /** The threads that run a store's agents, which commit and read. */
  public enum ThreadingMode {
    /** Each agent has a thread of the store's own. */
    DEDICATED,
    /**
     * A thread of the embedder's drives all agents through {@link
     * io.ashlar.store.local.LocalBlobStore#agentInvoker}.
     */
    INVOKER
  }

  private static final SettingTable TABLE = new SettingTable("StoreConfig");
  private static final Setting<Long> POOL_BYTES =
      TABLE.number("poolBytes", 64L << 20, 4L << 20, 64L << 30);
  private static final Setting<Long> COALESCE_WINDOW_NS =
      TABLE.number("coalesceWindowNs", 0, 0, 1_000_000_000);
  private static final Setting<Long> GROUP_EPOCHS_MAX = TABLE.number("groupEpochsMax", 64, 1, 64);
  private static final Setting<Long> GROUP_BYTES_MAX =
      TABLE.number("groupBytesMax", 16L << 20, 64L << 10, 256L << 20);
  private static final Setting<Long> QUEUE_CAPACITY =
      TABLE.powerOfTwo("queueCapacity", 1024, 2, 65_536);
  private static final Setting<Long> BACK_PRESSURE_TIMEOUT_MS =
      TABLE.number("backPressureTimeoutMs", 10_000, 0, 86_400_000);
  private static final Setting<Long> HELD_BYTES_MAX =
      TABLE.number("heldBytesMax", 16L << 30, 1L << 20, 16L << 40);
  private static final Setting<Long> LOCK_TIMEOUT_MS =
      TABLE.number("lockTimeoutMs", 2_000, 0, 86_400_000);
  private static final Setting<Long> INITIAL_FILE_BYTES =
      TABLE.number("initialFileBytes", 16L << 20, 128L << 10, 1L << 40);
  private static final Setting<Long> GROWTH_BYTES_MIN =
      TABLE.number("growthBytesMin", 16L << 20, 64L << 10, 64L << 30);
  private static final Setting<Long> FREE_SHARE_PERCENT_MAX =
      TABLE.number("freeSharePercentMax", 12, 1, 50);
  private static final Setting<Long> LOG_EXTENT_BYTES_MAX =
      TABLE.number("logExtentBytesMax", 64L << 20, 32L << 10, 64L << 20);
  private static final Setting<Long> CHECKPOINT_LOG_BYTES_MIN =
      TABLE.number("checkpointLogBytesMin", 32L << 20, 64L << 10, 64L << 30);
  private static final Setting<Long> BACKGROUND_BYTES_PER_SECOND_MAX =
      TABLE.numberOrZero("backgroundBytesPerSecondMax", 0, 64L << 10, 1L << 40);
  private static final Setting<Long> BACKGROUND_PROCESSOR_SHARE_PERCENT_MAX =
      TABLE.number("backgroundProcessorSharePercentMax", 100, 1, 100);
  private static final Setting<Long> QUIET_MARK_MS = TABLE.number("quietMarkMs", 10, 1, 60_000);
  private static final Setting<Long> SNAPSHOT_ENTRIES_MAX =
      TABLE.number("snapshotEntriesMax", 1 << 20, 16, 1L << 30);
  private static final Setting<Long> CACHE_BYTES =
      TABLE.numberOrZero("cacheBytes", 0, 1L << 20, 1L << 40);
  private static final Setting<Engine> ENGINE = TABLE.value("engine", Engine.AUTO);
  private static final Setting<ThreadingMode> THREADING_MODE =
      TABLE.value("threadingMode", ThreadingMode.DEDICATED);
  private static final Setting<@Nullable Supplier<? extends IdleStrategy>> IDLE_STRATEGY =
      TABLE.optional("idleStrategy");
  private static final Setting<Boolean> ALLOW_BUFFERED = TABLE.value("allowBuffered", false);

  /** The default settings of an open. */
  public static final StoreConfig DEFAULTS = new StoreConfig(TABLE.defaults());

  private final Settings settings;

  private StoreConfig(Settings settings) {
    this.settings = settings;
  }

  /**
   * {@return the native memory for the buffers of commits and reads, in bytes: 4 MiB to 64 GiB; 64
   * MiB by default} An open fails if the container's memory limit leaves less than the sum of this
   * and {@link #cacheBytes}.
   */
  public long poolBytes() {
    return settings.get(POOL_BYTES);
  }

  /**
   * {@return these settings with another {@link #poolBytes}}
   *
   * @param value the new value.
   */
  public StoreConfig withPoolBytes(long value) {
    return new StoreConfig(settings.with(POOL_BYTES, value));
  }

  /**
   * {@return how long the first epoch of a group waits for others, in nanoseconds: 0 to 10^9} 0
   * (the default) commits at once. The wait ends early at close, and when {@link #groupEpochsMax}
   * or {@link #queueCapacity} epochs wait. It uses no processor time.
   */
  public long coalesceWindowNs() {
    return settings.get(COALESCE_WINDOW_NS);
  }

  /**
   * {@return these settings with another {@link #coalesceWindowNs}}
   *
   * @param value the new value.
   */
  public StoreConfig withCoalesceWindowNs(long value) {
    return new StoreConfig(settings.with(COALESCE_WINDOW_NS, value));
  }

  /** {@return the most epochs that one log record covers: 1 to 64, the default} */
  public int groupEpochsMax() {
    return settings.getInt(GROUP_EPOCHS_MAX);
  }

  /**
   * {@return these settings with another {@link #groupEpochsMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withGroupEpochsMax(int value) {
    return new StoreConfig(settings.with(GROUP_EPOCHS_MAX, (long) value));
  }

  /**
   * {@return the most bytes of put values that one gathered write carries: 64 KiB to 256 MiB; 16
   * MiB by default} The write carries up to as many bytes of claims in addition.
   */
  public long groupBytesMax() {
    return settings.get(GROUP_BYTES_MAX);
  }

  /**
   * {@return these settings with another {@link #groupBytesMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withGroupBytesMax(long value) {
    return new StoreConfig(settings.with(GROUP_BYTES_MAX, value));
  }

  /**
   * {@return how many epochs can wait for the I/O thread: a power of two from 2 to 65,536; 1,024 by
   * default}
   */
  public int queueCapacity() {
    return settings.getInt(QUEUE_CAPACITY);
  }

  /**
   * {@return these settings with another {@link #queueCapacity}}
   *
   * @param value the new value.
   */
  public StoreConfig withQueueCapacity(int value) {
    return new StoreConfig(settings.with(QUEUE_CAPACITY, (long) value));
  }

  /**
   * {@return how long a put or commit waits under back pressure, in milliseconds: 0 to a day; 10
   * seconds by default} It waits for a buffer, for a queue slot, or until epochs hold less than
   * {@link #heldBytesMax}.
   */
  public long backPressureTimeoutMs() {
    return settings.get(BACK_PRESSURE_TIMEOUT_MS);
  }

  /**
   * {@return these settings with another {@link #backPressureTimeoutMs}}
   *
   * @param value the new value.
   */
  public StoreConfig withBackPressureTimeoutMs(long value) {
    return new StoreConfig(settings.with(BACK_PRESSURE_TIMEOUT_MS, value));
  }

  /**
   * {@return how many bytes of the data file all epochs together may hold before their commit: 1
   * MiB to 16 TiB; 16 GiB by default} Epochs hold the values that are streamed to the file or
   * written ahead of large epochs. This also limits the size of an epoch and of a streamed blob.
   */
  public long heldBytesMax() {
    return settings.get(HELD_BYTES_MAX);
  }

  /**
   * {@return these settings with another {@link #heldBytesMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withHeldBytesMax(long value) {
    return new StoreConfig(settings.with(HELD_BYTES_MAX, value));
  }

  /**
   * {@return how long an open waits for another process to release the store, in milliseconds: 0 to
   * a day; 2 seconds by default}
   */
  public long lockTimeoutMs() {
    return settings.get(LOCK_TIMEOUT_MS);
  }

  /**
   * {@return these settings with another {@link #lockTimeoutMs}}
   *
   * @param value the new value.
   */
  public StoreConfig withLockTimeoutMs(long value) {
    return new StoreConfig(settings.with(LOCK_TIMEOUT_MS, value));
  }

  /**
   * {@return the size of a new data file in bytes, rounded up to 4 KiB: 128 KiB to 1 TiB; 16 MiB by
   * default}
   */
  public long initialFileBytes() {
    return settings.get(INITIAL_FILE_BYTES);
  }

  /**
   * {@return these settings with another {@link #initialFileBytes}}
   *
   * @param value the new value.
   */
  public StoreConfig withInitialFileBytes(long value) {
    return new StoreConfig(settings.with(INITIAL_FILE_BYTES, value));
  }

  /**
   * {@return the smallest growth of the data file, in bytes, rounded up to 4 KiB: 64 KiB to 64 GiB;
   * 16 MiB by default}
   */
  public long growthBytesMin() {
    return settings.get(GROWTH_BYTES_MIN);
  }

  /**
   * {@return these settings with another {@link #growthBytesMin}}
   *
   * @param value the new value.
   */
  public StoreConfig withGrowthBytesMin(long value) {
    return new StoreConfig(settings.with(GROWTH_BYTES_MIN, value));
  }

  /**
   * {@return the largest free share of the data file at which it still grows, in percent: 1 to 50;
   * 12 by default} Up to this share the file grows ahead of need and for contiguous space. While
   * more is free, however scattered, commits use the holes. The file then grows only for a value
   * that fits no hole.
   *
   * <p>The file grows by a sixteenth, and by {@link #growthBytesMin} at least. Overwriting
   * therefore leaves it at most 1.0625 / (1 − share) times as long as its content, which includes
   * log and index checkpoints. That is 1.21 times with 12, and 1.33 times with 20. Small values
   * that are committed one by one add the share of their records. Less free space means shorter
   * holes, and slower commits once the store has aged.
   */
  public int freeSharePercentMax() {
    return settings.getInt(FREE_SHARE_PERCENT_MAX);
  }

  /**
   * {@return these settings with another {@link #freeSharePercentMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withFreeSharePercentMax(int value) {
    return new StoreConfig(settings.with(FREE_SHARE_PERCENT_MAX, (long) value));
  }

  /** {@return the longest log extent in bytes: 32 KiB to 64 MiB, the default} */
  public long logExtentBytesMax() {
    return settings.get(LOG_EXTENT_BYTES_MAX);
  }

  /**
   * {@return these settings with another {@link #logExtentBytesMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withLogExtentBytesMax(long value) {
    return new StoreConfig(settings.with(LOG_EXTENT_BYTES_MAX, value));
  }

  /**
   * {@return the least log between two index checkpoints, in bytes: 64 KiB to 64 GiB; 32 MiB by
   * default} A checkpoint comes earlier after 65,536 operations, or a sixteenth as many as there
   * are blobs. An open replays at most about this much log, or four times the size of the last
   * checkpoint, and that many operations.
   */
  public long checkpointLogBytesMin() {
    return settings.get(CHECKPOINT_LOG_BYTES_MIN);
  }

  /**
   * {@return these settings with another {@link #checkpointLogBytesMin}}
   *
   * @param value the new value.
   */
  public StoreConfig withCheckpointLogBytesMin(long value) {
    return new StoreConfig(settings.with(CHECKPOINT_LOG_BYTES_MIN, value));
  }

  /**
   * {@return the most bytes that all background work together moves in a second, on average: 64 KiB
   * to 1 TiB; 0 (the default) for no ceiling} A byte that is read and then written or sent counts
   * once. Background work is vacuum, verification, index checkpoints and the tier's passes. Growth
   * of the data file counts, but never waits for the ceiling. An index checkpoint whose space
   * commits need does not wait either.
   *
   * <p>Background work yields to commits without a ceiling, too. It rests between small steps while
   * commits go on, and longer when they take several times as long as usual. It always makes some
   * progress. It is not slowed when there are no commits.
   */
  public long backgroundBytesPerSecondMax() {
    return settings.get(BACKGROUND_BYTES_PER_SECOND_MAX);
  }

  /**
   * {@return these settings with another {@link #backgroundBytesPerSecondMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withBackgroundBytesPerSecondMax(long value) {
    return new StoreConfig(settings.with(BACKGROUND_BYTES_PER_SECOND_MAX, value));
  }

  /**
   * {@return the most processor time that all background work together uses, in percent of all
   * processors, on average: 1 to 100; 100 (the default) for no ceiling} The exceptions are those of
   * {@link #backgroundBytesPerSecondMax}.
   */
  public int backgroundProcessorSharePercentMax() {
    return settings.getInt(BACKGROUND_PROCESSOR_SHARE_PERCENT_MAX);
  }

  /**
   * {@return these settings with another {@link #backgroundProcessorSharePercentMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withBackgroundProcessorSharePercentMax(int value) {
    return new StoreConfig(settings.with(BACKGROUND_PROCESSOR_SHARE_PERCENT_MAX, (long) value));
  }

  /**
   * {@return the quiet time after which the last commit is marked in the log (rule L31), in
   * milliseconds: 1 to 60,000; 10 by default}
   */
  public long quietMarkMs() {
    return settings.get(QUIET_MARK_MS);
  }

  /**
   * {@return these settings with another {@link #quietMarkMs}}
   *
   * @param value the new value.
   */
  public StoreConfig withQuietMarkMs(long value) {
    return new StoreConfig(settings.with(QUIET_MARK_MS, value));
  }

  /**
   * {@return how many superseded entries are kept for open snapshots, at about 64 bytes of native
   * memory each: 16 to 2^30; 2^20 by default} When more are needed, the store ends the oldest
   * snapshot ({@link SnapshotEndedException}), because commits never wait for a reader. Up to twice
   * as many may be in memory while the entries of ended snapshots are freed.
   */
  public int snapshotEntriesMax() {
    return settings.getInt(SNAPSHOT_ENTRIES_MAX);
  }

  /**
   * {@return these settings with another {@link #snapshotEntriesMax}}
   *
   * @param value the new value.
   */
  public StoreConfig withSnapshotEntriesMax(int value) {
    return new StoreConfig(settings.with(SNAPSHOT_ENTRIES_MAX, (long) value));
  }

  /**
   * {@return the native memory of the cache of frequently read blobs, in bytes: 0 (the default) for
   * none, else 1 MiB to 1 TiB} Cached blobs are read without I/O and lent without a copy. The cache
   * needs Caffeine on the class path. It keeps no blob larger than a sixteenth of it.
   */
  public long cacheBytes() {
    return settings.get(CACHE_BYTES);
  }

  /**
   * {@return these settings with another {@link #cacheBytes}}
   *
   * @param value the new value.
   */
  public StoreConfig withCacheBytes(long value) {
    return new StoreConfig(settings.with(CACHE_BYTES, value));
  }

  /** {@return which disk engine to use; {@link Engine#AUTO} by default} */
  public Engine engine() {
    return settings.get(ENGINE);
  }

  /**
   * {@return these settings with another {@link #engine}}
   *
   * @param value the new value.
   */
  public StoreConfig withEngine(Engine value) {
    return new StoreConfig(settings.with(ENGINE, value));
  }

  /**
   * {@return whether a file system without direct I/O is accepted, at the cost of copies through
   * the page cache; false by default}
   */
  public boolean allowBuffered() {
    return settings.get(ALLOW_BUFFERED);
  }

  /**
   * {@return these settings with another {@link #allowBuffered}}
   *
   * @param value the new value.
   */
  public StoreConfig withAllowBuffered(boolean value) {
    return new StoreConfig(settings.with(ALLOW_BUFFERED, value));
  }

  /** {@return which threads run the store's agents; {@link ThreadingMode#DEDICATED} by default} */
  public ThreadingMode threadingMode() {
    return settings.get(THREADING_MODE);
  }

  /**
   * {@return these settings with another {@link #threadingMode}}
   *
   * @param value the new value.
   */
  public StoreConfig withThreadingMode(ThreadingMode value) {
    return new StoreConfig(settings.with(THREADING_MODE, value));
  }

  /**
   * {@return what makes the idle strategy of each agent thread, or null (the default)} With null an
   * agent without work sleeps in the kernel and is woken by a system call. A {@link
   * org.agrona.concurrent.BusySpinIdleStrategy} needs an isolated processor for each agent. With
   * {@link ThreadingMode#INVOKER} the embedder idles, and this is not used.
   */
  public @Nullable Supplier<? extends IdleStrategy> idleStrategy() {
    return settings.get(IDLE_STRATEGY);
  }

  /**
   * {@return these settings with another {@link #idleStrategy}}
   *
   * @param value makes one for each agent, because a strategy has state; or null.
   */
  public StoreConfig withIdleStrategy(@Nullable Supplier<? extends IdleStrategy> value) {
    return new StoreConfig(settings.with(IDLE_STRATEGY, value));
  }

  /** Returns name and value of every setting. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
