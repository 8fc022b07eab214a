package io.ashlar.store.local;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.checkpoint.IndexCheckpointer;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.commit.CommitPath;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Disks;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.read.BlobCache;
import io.ashlar.store.recover.RecoveredStore;
import io.ashlar.store.recover.Recovery;
import io.ashlar.store.recover.RecoveryReport;
import io.ashlar.store.recover.Verifier;
import io.ashlar.store.snapshot.SnapshotRegistry;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.spi.ChangeVisitor;
import io.ashlar.store.spi.ColdStorage;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.store.vacuum.Vacuum;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A blob store in one data file of a folder on this machine.
 *
 * <pre>{@code
 * try (BlobStore store = LocalBlobStore.builder(folder).open()) {
 *   try (Epoch epoch = store.beginEpoch()) {
 *     epoch.put(id, value);
 *     epoch.commit();
 *   }
 * }
 * }</pre>
 *
 * <pre>
 *   open ── write or sync fails ──▶ failed (reads go on) ── close ──▶ closed
 *     └───────────────────────────── close ─────────────────────────────┘
 * </pre>
 *
 * <p>Thread: any. Closing waits for operations in progress, commits what is queued, marks the last
 * record, then closes ring and file, then frees memory (rule L22).
 */
public final class LocalBlobStore implements BlobStore, TierSource {

  private final Disk disk;
  private final StoreGate gate;
  private final Poison poison = new Poison();
  private final StoreCounters counters = new StoreCounters();
  private final BufferPool pool;
  private final BlobIndex index;
  private final OperationApplier applier;
  private final DataFile dataFile;
  private final BlockSpace space;
  private final CommitPath commitPath;
  private final ReadSide reads;
  private final TierSide tierSide;
  private final SnapshotRegistry snapshots;
  private final VacuumSide vacuumSide;
  private final SuperblockPair superblocks;
  private final RecoveryReport recoveryReport;
  private final long storeId;
  private final long incarnation;

  private LocalBlobStore(
      String subject,
      StoreConfig config,
      Disk disk,
      BufferPool pool,
      @Nullable BlobCache cache,
      SuperblockPair superblocks,
      RecoveredStore recovered,
      StoreEnvironment environment) {
    this.disk = disk;
    this.pool = pool;
    this.superblocks = superblocks;
    gate = new StoreGate(subject);
    index = recovered.index();
    applier = recovered.applier();
    recoveryReport = recovered.report();
    Superblock superblock = recovered.superblock();
    storeId = superblock.storeId();
    incarnation = superblock.incarnation();
    dataFile =
        new DataFile(
            disk,
            poison,
            counters,
            environment.growth(),
            Blocks.count(config.growthBytesMin()),
            recovered.fileBlocks(),
            recovered.highestEnd());
    space = new BlockSpace(recovered.allocator(), dataFile, poison, config.freeSharePercentMax());
    commitPath =
        new CommitPath(
            config,
            disk,
            pool,
            gate,
            space,
            applier,
            counters,
            poison,
            recovered.position(),
            recovered.ledger(),
            role -> checkpointer(role, config, recovered, environment),
            storeId,
            incarnation,
            environment.clockMs(),
            environment.clockNs());
    tierSide = new TierSide(index, commitPath);
    snapshots =
        new SnapshotRegistry(
            index,
            applier,
            space,
            poison,
            commitPath::performWithRole,
            commitPath::sequence,
            commitPath::durableEpoch,
            environment.background(),
            config.snapshotEntriesMax());
    vacuumSide =
        new VacuumSide(
            commitPath.vacuumAccess(),
            index,
            applier,
            space,
            dataFile,
            disk,
            poison,
            gate,
            environment.clockNs());
    reads = new ReadSide(gate, index, disk, pool, cache, counters, config.backPressureTimeoutMs());
    boolean started = false;
    try {
      if (environment.ownThread()) {
        commitPath.start("ashlar-io");
      } else {
        commitPath.startHere();
      }
      started = true;
    } finally {
      if (!started) {
        commitPath.discard();
        dataFile.close();
      }
    }
  }

  private IndexCheckpointer checkpointer(
      IndexCheckpointer.RoleAccess role,
      StoreConfig config,
      RecoveredStore recovered,
      StoreEnvironment environment) {
    return new IndexCheckpointer(
        disk,
        index,
        space,
        superblocks,
        recovered.ledger(),
        poison,
        environment.background(),
        role,
        storeId,
        Blocks.count(config.checkpointLogBytesMin()),
        recovered.older(),
        recovered.newer(),
        recovered.logBlocks(),
        recovered.logOperations());
  }

  /** Begins opening the store in {@code folder}. */
  public static Builder builder(Path folder) {
    return new Builder(folder);
  }

  /**
   * Opens the store on a disk that nobody else uses; closing the store closes the disk, and so does
   * a failure to open.
   */
  static LocalBlobStore open(
      String subject, Disk disk, StoreConfig config, StoreEnvironment environment) {
    BufferPool pool = null;
    BlobCache cache = null;
    RecoveredStore recovered = null;
    SuperblockPair superblocks = new SuperblockPair(disk);
    try {
      pool = new BufferPool(config.poolBytes(), Boolean.getBoolean("ashlar.checks"));
      cache = BlobCache.open(config.cacheBytes());
      recovered =
          Recovery.open(disk, superblocks, config, environment.ids(), environment.clockMs());
      LocalBlobStore store =
          new LocalBlobStore(
              subject, config, disk, pool, cache, superblocks, recovered, environment);
      pool.touchRest();
      store.commitPath.checkpointAfterOpen(store.recoveryReport.replayedRecords());
      return store;
    } catch (RuntimeException | Error e) {
      superblocks.close();
      if (recovered != null) {
        recovered.index().close();
      }
      if (pool != null) {
        pool.close();
      }
      if (cache != null) {
        cache.close();
      }
      disk.close();
      throw e;
    }
  }

  /** Returns what opening this store found. */
  public RecoveryReport recoveryReport() {
    return recoveryReport;
  }

  // ---- BlobStore

  @Override
  public Epoch beginEpoch() {
    return commitPath.beginEpoch();
  }

  @Override
  public @Nullable BlobLease get(BlobId id) {
    return reads.get(id);
  }

  @Override
  public long get(BlobId id, MemorySegment target) {
    return reads.get(id, target);
  }

  @Override
  public long get(BlobId id, long offset, long length, MemorySegment target) {
    return reads.get(id, offset, length, target);
  }

  @Override
  public long get(BlobId id, WritableByteChannel target) throws IOException {
    return reads.get(id, target);
  }

  @Override
  public CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    return reads.getAsync(id, target);
  }

  @Override
  public void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    reads.getAsync(id, target, listener);
  }

  @Override
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    reads.getAll(ids, visitor);
  }

  @Override
  public boolean contains(BlobId id) {
    return length(id) != NOT_FOUND;
  }

  @Override
  public long length(BlobId id) {
    return reads.length(id);
  }

  @Override
  public void forEach(BlobVisitor visitor) {
    reads.forEach(visitor);
  }

  @Override
  public Snapshot snapshot() {
    return tierSnapshot();
  }

  @Override
  public long durableEpoch() {
    gate.enter();
    try {
      return commitPath.durableEpoch();
    } finally {
      gate.exit();
    }
  }

  @Override
  public void awaitDurable(long epoch) {
    commitPath.awaitDurable(epoch); // not inside the gate: closing must not wait for this
  }

  @Override
  public long claimBytesMax() {
    return pool.largestBytes();
  }

  @Override
  public VerifyReport verify(VerifyOptions options, VerifyListener listener) {
    gate.enter();
    try (Verifier verifier = new Verifier(index, disk, options, listener, gate::isClosed)) {
      long before = commitPath.askWithRole(log -> applier.liveBlocks());
      long sequence = commitPath.sequence();
      verifier.run();
      long unaccounted =
          commitPath.askWithRole(log ->
              space.fileBlocks()
                  - Blocks.FIRST
                  - space.freeBlocks()
                  - space.pendingBlocks()
                  - space.pinnedBlocks()
                  - space.heldBlocks()
                  - space.quarantinedBlocks()
                  - space.holeBlocks()
                  - applier.liveBlocks()
                  - log.recordBlocks()
                  - log.checkpointBlocks()
                  - log.reservedBlocks()); // G13
      boolean comparable = verifier.sawAll() && commitPath.sequence() == sequence;
      return verifier.report(
          unaccounted != 0 || !comparable ? unaccounted : before - verifier.blocks());
    } finally {
      gate.exit();
    }
  }

  @Override
  public VacuumReport vacuum(VacuumOptions options, VacuumListener listener) {
    gate.enter();
    try {
      return vacuumSide.run(options, listener);
    } finally {
      gate.exit();
    }
  }

  @Override
  public StoreStats stats() {
    gate.enter();
    try {
      BlobCache cache = reads.cache();
      return new StoreStats(
          disk.engine(),
          disk.engineReason(),
          storeId,
          incarnation,
          commitPath.durableEpoch(),
          commitPath.sequence(),
          index.liveCount(),
          index.liveBytes(),
          index.evictedCount(),
          index.tombstoneCount(),
          disk.size(),
          Blocks.offset(space.freeBlocks()),
          Blocks.offset(space.pinnedBlocks()),
          snapshots.openCount(),
          index.memoryBytes() + snapshots.memoryBytes(),
          pool.totalBytes(),
          pool.freeBytes(),
          counters.epochs.sum(),
          counters.groups.sum(),
          counters.puts.sum(),
          counters.deletes.sum(),
          counters.bytesWritten.sum(),
          counters.bytesGrown.sum(),
          counters.reads.sum(),
          counters.bytesRead.sum(),
          cache == null ? 0 : cache.totalBytes(),
          cache == null ? 0 : cache.usedBytes(),
          cache == null ? 0 : cache.count(),
          cache == null ? 0 : cache.hits(),
          cache == null ? 0 : cache.misses(),
          poison.isSet());
    } finally {
      gate.exit();
    }
  }

  // ---- TierSource

  @Override
  public void refuseListener() {
    commitPath.refuseListener();
    reads.refuseReadThread();
  }

  @Override
  public long storeId() {
    return storeId;
  }

  @Override
  public long incarnation() {
    return incarnation;
  }

  @Override
  public long markedSequence() {
    return commitPath.markedSequence();
  }

  @Override
  public long markedEpoch() {
    return commitPath.markedEpoch();
  }

  @Override
  public void markTiered() {
    gate.enter();
    try {
      commitPath.performWithRole(() -> {
        poison.check();
        if (!superblocks.newer().tiered()) {
          setTiered();
        }
        applier.keepTombstones(true);
      });
    } finally {
      gate.exit();
    }
  }

  private void setTiered() {
    try {
      superblocks.setTiered();
    } catch (NativeException e) {
      poison.set(e); // L24: a superblock may be torn; recovery sorts it out
      throw poison.failure(false);
    }
  }

  @Override
  public void forEachChange(long afterSequence, long throughSequence, ChangeVisitor visitor) {
    gate.enter();
    try {
      tierSide.forEachChange(afterSequence, throughSequence, visitor);
    } finally {
      gate.exit();
    }
  }

  @Override
  public TierSnapshot tierSnapshot() {
    gate.enter();
    try {
      return new LocalSnapshot(gate, snapshots, snapshots.open(), reads.reader());
    } finally {
      gate.exit();
    }
  }

  @Override
  public int evict(List<Eviction> evictions) {
    gate.enter();
    try {
      return tierSide.evict(evictions);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void forEachEvicted(EvictedVisitor visitor) {
    gate.enter();
    try {
      tierSide.forEachEvicted(visitor);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void moveCold(List<Eviction> moves) {
    gate.enter();
    try {
      tierSide.moveCold(moves);
    } finally {
      gate.exit();
    }
  }

  @Override
  public long oldestSnapshotSequence() {
    return snapshots.oldestSequence();
  }

  @Override
  public void dropTombstones(long throughSequence) {
    gate.enter();
    try {
      commitPath.performWithRole(() -> index.dropTombstones(throughSequence));
    } finally {
      gate.exit();
    }
  }

  @Override
  public void setBulkLoad(boolean on) {
    dataFile.setBulkLoad(on);
  }

  @Override
  public void setColdStorage(@Nullable ColdStorage storage) {
    reads.coldStorage(storage);
  }

  // ---- for tests that drive the I/O thread's work

  /** Begins a vacuum whose steps the caller does. */
  Vacuum beginVacuum(VacuumOptions options, VacuumListener listener) {
    return vacuumSide.begin(options, listener);
  }

  /** Does the I/O thread's work once. */
  int doWork() {
    return commitPath.doWork();
  }

  @Override
  public void close() {
    refuseListener();
    if (!gate.close()) {
      return;
    }
    snapshots.stop();
    commitPath.close();
    snapshots.close();
    reads.close();
    dataFile.close();
    superblocks.close();
    disk.close();
    index.close();
    pool.close();
    reads.closeCache();
  }

  /** Collects the settings of a store and opens it. Thread: one. */
  public static final class Builder {

    private final Path folder;
    private StoreConfig config = StoreConfig.DEFAULTS;
    private boolean createIfMissing = true;

    private Builder(Path folder) {
      this.folder = folder;
    }

    /** Sets all settings. */
    public Builder config(StoreConfig newConfig) {
      config = newConfig;
      return this;
    }

    /** Sets the native memory for buffers; 4 MiB to 64 GiB. */
    public Builder poolBytes(long bytes) {
      config = config.withPoolBytes(bytes);
      return this;
    }

    /** Sets the native memory of a cache for reads; 0 for none, else 1 MiB to 1 TiB. */
    public Builder cacheBytes(long bytes) {
      config = config.withCacheBytes(bytes);
      return this;
    }

    /** Sets how long an idle commit waits for company; 0 commits at once. */
    public Builder coalesceWindowNs(long windowNs) {
      config = config.withCoalesceWindowNs(windowNs);
      return this;
    }

    /** Sets which disk engine to use. */
    public Builder engine(StoreConfig.Engine engine) {
      config = config.withEngine(engine);
      return this;
    }

    /** Sets whether a store is made where there is none; true unless set. */
    public Builder createIfMissing(boolean create) {
      createIfMissing = create;
      return this;
    }

    /**
     * Opens the store, recovering whatever a crash left.
     *
     * @throws io.ashlar.store.StoreLockedException if it is open elsewhere.
     * @throws io.ashlar.store.StoreOpenException if the place is no good.
     * @throws StorageFullException if there is no space for a new store.
     * @throws io.ashlar.store.CorruptionException if something durable is damaged.
     * @throws io.ashlar.store.FormatVersionException if it is of another version.
     */
    public LocalBlobStore open() {
      DataFileHandle file = StoreFile.open(folder, config, createIfMissing);
      Disk disk = Disks.over(file, config.engine() == StoreConfig.Engine.AUTO);
      try {
        return LocalBlobStore.open(file.path().toString(), disk, config, StoreEnvironment.system());
      } catch (NativeException e) {
        throw openFailed(file.path(), e);
      }
    }

    private static StoreException openFailed(Path path, NativeException e) {
      return e.errno() == Errno.ENOSPC || e.errno() == Errno.EDQUOT
          ? new StorageFullException(
              "no space to open the store: free some: store="
                  + path
                  + ", failure="
                  + e.getMessage(),
              e)
          : StoreFile.cannotOpen(path, e);
    }
  }
}
