package io.ashlar.store.local;

import io.ashlar.store.Admission;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.RecoveryReport;
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
import io.ashlar.store.disk.OpenHandles;
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
import io.ashlar.store.recover.Verifier;
import io.ashlar.store.snapshot.SnapshotRegistry;
import io.ashlar.store.snapshot.SnapshotView;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.ChangeVisitor;
import io.ashlar.store.spi.Closing;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.HeapShortage;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.ReadBack;
import io.ashlar.store.spi.StackRoom;
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
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The store in a data file, with the service interface for its tier.
 *
 * <pre>
 *   open ── write or sync fails ──▶ failed (reads go on) ── close ──▶ closed
 *     └───────────────────────────── close ─────────────────────────────┘
 * </pre>
 *
 * <p>Thread: any. Closing waits for operations in progress, commits the queued epochs and marks the
 * last record. Then it closes ring and file, and frees the memory (rule L22).
 */
final class DataFileStore implements LocalBlobStore, TierSource {

  /**
   * Constants that callers pass. A class whose initialization overflows the stack cannot be used
   * any more, so these are initialized when a store is opened.
   */
  private static final List<Object> INITIALIZED =
      List.of(
          VerifyListener.NONE,
          VerifyOptions.DEFAULTS,
          VacuumListener.NONE,
          VacuumOptions.DEFAULTS,
          Admission.ACCEPTED);

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
  private final OpenHandles handles;
  private final SuperblockPair superblocks;
  private final RecoveryReport recoveryReport;
  private final long storeId;
  private final long incarnation;
  private final boolean ownThread;
  private final Closing closing;

  private DataFileStore(
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
    HandleTraces traces = HandleTraces.ifWanted();
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
    space.takeUnallocated(disk);
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
            environment.clockNs(),
            traces);
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
            config.snapshotEntriesMax(),
            traces);
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
    reads =
        new ReadSide(
            gate, index, disk, pool, cache, counters, traces, config.backPressureTimeoutMs());
    handles =
        new OpenHandles(
            gate,
            pool,
            new OpenHandles.Sources(
                reads::longLeaseBytes,
                commitPath::openEpochs,
                commitPath::heldBytes,
                snapshots::openCount,
                () -> Blocks.offset(space.pinnedBlocks())),
            traces);
    ownThread = environment.ownThread();
    closing = new Closing(subject, this::closeNow, commitPath::commitQueued);
    boolean started = false;
    try {
      if (ownThread) {
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

  /**
   * Opens the store in a folder, as {@link LocalBlobStore.Builder#open} says.
   *
   * @param createIfMissing whether it is made where there is none.
   */
  static DataFileStore open(
      Path folder, StoreConfig config, boolean createIfMissing, ContainerMemory memory) {
    StackRoom.toBegin();
    HeapShortage.prepare();
    var _ = INITIALIZED;
    memory.require(config.poolBytes(), config.cacheBytes());
    StoreEnvironment environment = StoreEnvironment.system();
    Path path = folder.resolve(StoreFile.NAME);
    try {
      NewStoreFile.removeLeftOver(folder);
      if (createIfMissing) {
        NewStoreFile.makeIfMissing(
            folder,
            config,
            environment.ids(),
            file ->
                Recovery.create(
                    Disks.over(file, false), config, environment.ids(), environment.clockMs()));
      }
      DataFileHandle file = StoreFile.open(folder, config);
      Disk disk = Disks.over(file, config.engine() == StoreConfig.Engine.AUTO);
      return open(path.toString(), disk, config, environment, false);
    } catch (NativeException e) {
      throw openFailed(path, e);
    }
  }

  private static StoreException openFailed(Path path, NativeException e) {
    return e.errno() == Errno.ENOSPC || e.errno() == Errno.EDQUOT
        ? new StorageFullException(
            "no space to open the store: free some space: store="
                + path
                + ", failure="
                + e.getMessage(),
            e)
        : StoreFile.cannotOpen(path, e);
  }

  /**
   * Opens the store on a disk without another user, or makes a store if its file is empty. Closing
   * the store, or a failure to open it, closes the disk. For disks that have no folder in which a
   * store could be made under another name.
   */
  static DataFileStore open(
      String subject, Disk disk, StoreConfig config, StoreEnvironment environment) {
    return open(subject, disk, config, environment, true);
  }

  private static DataFileStore open(
      String subject,
      Disk disk,
      StoreConfig config,
      StoreEnvironment environment,
      boolean makeIfEmpty) {
    BufferPool pool = null;
    BlobCache cache = null;
    RecoveredStore recovered = null;
    SuperblockPair superblocks = new SuperblockPair(disk);
    try {
      pool = new BufferPool(config.poolBytes(), Boolean.getBoolean("ashlar.checks"));
      cache = BlobCache.open(config.cacheBytes());
      if (makeIfEmpty && disk.size() == 0) {
        Recovery.create(disk, config, environment.ids(), environment.clockMs());
      }
      recovered = Recovery.open(disk, superblocks);
      DataFileStore store =
          new DataFileStore(
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

  @Override
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
    gate.enterWithCallbacks();
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
      gate.exitWithCallbacks();
    }
  }

  @Override
  public VacuumReport vacuum(VacuumOptions options, VacuumListener listener) {
    gate.enterWithCallbacks();
    try {
      return vacuumSide.run(options, listener);
    } finally {
      gate.exitWithCallbacks();
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
          handles.leases(),
          handles.leasedBytes(),
          handles.epochs(),
          handles.epochPoolBytes(),
          handles.epochFileBytes(),
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
  public Callbacks callbacks() {
    return gate.callbacks();
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
          writeSuperblocks(superblocks::setTiered);
        }
        applier.keepTombstones(true);
      });
    } finally {
      gate.exit();
    }
  }

  private void writeSuperblocks(Runnable write) {
    try {
      write.run();
    } catch (NativeException e) {
      poison.set(e); // L24: a superblock may be torn; recovery sorts it out
      throw poison.failure(false);
    }
  }

  @Override
  public ManifestNotes manifestNotes() {
    AtomicReference<ManifestNotes> notes = new AtomicReference<>();
    gate.enter();
    try {
      commitPath.performWithRole(() -> notes.setPlain(superblocks.notes()));
    } finally {
      gate.exit();
    }
    return notes.getPlain();
  }

  @Override
  public void noteManifests(UnaryOperator<ManifestNotes> change) {
    gate.enter();
    try {
      commitPath.performWithRole(() -> {
        poison.check();
        ManifestNotes notes = superblocks.notes();
        ManifestNotes next = change.apply(notes);
        if (!next.equals(notes)) {
          writeSuperblocks(() -> superblocks.note(next)); // L32
        }
      });
    } finally {
      gate.exit();
    }
  }

  @Override
  public void forEachChange(long afterSequence, long throughSequence, ChangeVisitor visitor) {
    gate.enterWithCallbacks();
    try {
      tierSide.forEachChange(afterSequence, throughSequence, visitor);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public TierSnapshot tierSnapshot() {
    gate.enter();
    try {
      SnapshotView view = snapshots.open();
      LocalSnapshot snapshot = null;
      try {
        snapshot = new LocalSnapshot(gate, snapshots, view, reads);
      } finally {
        if (snapshot == null) {
          snapshots.close(view);
        }
      }
      return snapshot;
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
    gate.enterWithCallbacks();
    try {
      tierSide.forEachEvicted(visitor);
    } finally {
      gate.exitWithCallbacks();
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
  public void attachReadBack(ReadBack storage) {
    reads.attachReadBack(storage);
  }

  @Override
  public void detachReadBack(ReadBack storage) {
    reads.detachReadBack(storage);
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
    StackRoom.toEnd();
    gate.callbacks().refuseCallback();
    if (ownThread) {
      closing.close();
    } else {
      closeNow(); // a test drives the I/O thread's work, on this thread
    }
  }

  private void closeNow() {
    if (!gate.close()) {
      return;
    }
    snapshots.stop();
    commitPath.close();
    handles.reportAtClose(gate.subject());
    snapshots.close();
    reads.close();
    dataFile.close();
    superblocks.close();
    disk.close();
    index.close();
    reads.freeMemory();
  }
}
