package io.ashlar.store.local;

import io.ashlar.store.Epoch;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.background.Governor;
import io.ashlar.store.checkpoint.CheckpointSchedule;
import io.ashlar.store.checkpoint.Generations;
import io.ashlar.store.checkpoint.IndexCheckpointer;
import io.ashlar.store.checkpoint.RecoveredLog;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.commit.Clocks;
import io.ashlar.store.commit.CommitPath;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.OpenHandles;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.read.cache.BlobCache;
import io.ashlar.store.recover.RecoveredStore;
import io.ashlar.store.recover.Verifier;
import io.ashlar.store.snapshot.SnapshotRegistry;
import io.ashlar.store.snapshot.SnapshotView;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.space.FoundSpace;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.ChangeVisitor;
import io.ashlar.store.spi.Closing;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.ReadBack;
import io.ashlar.store.spi.StackRoom;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.store.vacuum.Vacuum;
import java.util.List;
import java.util.function.UnaryOperator;
import org.agrona.concurrent.AgentInvoker;

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
final class DataFileStore extends StoreReads implements LocalBlobStore, TierSource {

  private final GuardedDisk disk;
  private final StoreGate gate;
  private final BufferPool pool;
  private final StoreContent content;
  private final DataFile dataFile;
  private final CommitPath commitPath;
  private final ReadSide reads;
  private final TierSide tierSide;
  private final SnapshotRegistry snapshots;
  private final Governor governor;
  private final VacuumSide vacuumSide;
  private final OpenHandles handles;
  private final SuperblockPair superblocks;
  private final RecoveryReport recoveryReport;
  private final long storeId;
  private final long incarnation;
  private final StoreAgents agents;
  private final Closing closing;

  /**
   * Wires a store to what recovery found, and starts it.
   *
   * <p>Its close closes all that is passed. If this throws, the caller does.
   */
  DataFileStore(
      StoreConfig config,
      GuardedDisk disk,
      Lender lender,
      ReadSide reads,
      SuperblockPair superblocks,
      RecoveredStore recovered,
      StoreAgents agents) {
    super(reads);
    this.agents = agents;
    StoreEnvironment environment = agents.environment();
    this.disk = disk;
    this.reads = reads;
    this.superblocks = superblocks;
    gate = lender.gate();
    pool = lender.pool();
    recoveryReport = recovered.report();
    Superblock superblock = recovered.log().superblock();
    storeId = superblock.storeId();
    incarnation = superblock.incarnation();
    governor =
        new Governor(
            Governor.Ceilings.of(config), disk.counters().latency, environment.backgroundClocks());
    FoundSpace found = recovered.space();
    long stepBlocksMin = Blocks.count(config.growthBytesMin());
    dataFile =
        new DataFile(
            disk,
            environment.growth(),
            governor,
            stepBlocksMin,
            found.fileBlocks(),
            found.highestEnd());
    BlockSpace space =
        new BlockSpace(found.allocator(), dataFile, disk.poison(), config.freeSharePercentMax());
    space.takeUnallocated(disk.disk());
    content = new StoreContent(recovered.index(), recovered.applier(), space);
    commitPath =
        new CommitPath(
            config,
            disk,
            lender,
            content,
            recovered.log(),
            role -> checkpointer(role, config, recovered.log(), environment),
            new Clocks(environment.clockMs(), environment.clockNs()));
    tierSide = new TierSide(gate, disk, content, superblocks, commitPath, governor);
    snapshots =
        new SnapshotRegistry(
            content,
            disk.poison(),
            new SnapshotLog(commitPath),
            environment.background(),
            config.snapshotEntriesMax(),
            lender.traces(),
            governor);
    vacuumSide = new VacuumSide(commitPath.vacuumAccess(), content, dataFile, disk, governor);
    handles =
        new OpenHandles(
            lender,
            new OpenHandles.Sources(
                reads::longLeaseBytes,
                commitPath::openEpochs,
                commitPath::heldBytes,
                snapshots::openCount,
                () -> Blocks.offset(space.pinnedBlocks())));
    closing = new Closing(gate.subject(), this::closeNow, commitPath::commitQueued, agents::stuck);
    boolean started = false;
    try {
      commitPath.start(agents.host(), environment.ownThread());
      agents.started();
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
      RecoveredLog log,
      StoreEnvironment environment) {
    long logBlocksMin = Blocks.count(config.checkpointLogBytesMin());
    return new IndexCheckpointer(
        disk,
        content,
        new Generations(superblocks, log),
        new CheckpointSchedule(content.index(), logBlocksMin, log),
        environment.background(),
        role,
        governor);
  }

  /** The log, as snapshots see it. */
  private record SnapshotLog(CommitPath path) implements SnapshotRegistry.CommitLog {

    @Override
    public void performWithRole(Runnable task) {
      path.performWithRole(task);
    }

    @Override
    public long sequence() {
      return path.sequence();
    }

    @Override
    public long durableEpoch() {
      return path.durableEpoch();
    }
  }

  /** Begins an index checkpoint if the open has replayed so much that the next one should not. */
  void checkpointAfterOpen() {
    commitPath.checkpointAfterOpen(recoveryReport.replayedRecords());
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
    try (Verifier verifier =
        new Verifier(
            content.index(),
            disk.disk(),
            options,
            listener,
            governor.begin(options.bytesPerSecondMax()))) {
      long before = commitPath.askWithRole(log -> content.applier().liveBlocks());
      long sequence = commitPath.sequence();
      verifier.run();
      long unaccounted = commitPath.askWithRole(log -> content.lostBlocks(log.blocks())); // G13
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
      Disk file = disk.disk();
      BlobIndex index = content.index();
      BlockSpace space = content.space();
      StoreCounters counters = disk.counters();
      BlobCache cache = reads.cache();
      return new StoreStats(
          file.engine(),
          file.engineReason(),
          storeId,
          incarnation,
          commitPath.durableEpoch(),
          commitPath.sequence(),
          index.liveCount(),
          index.liveBytes(),
          index.evictedCount(),
          index.tombstoneCount(),
          file.size(),
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
          counters.callerGroups.sum(),
          counters.scatteredGroups.sum(),
          counters.puts.sum(),
          counters.deletes.sum(),
          counters.bytesWritten.sum(),
          counters.bytesGrown.sum(),
          counters.reads.sum(),
          counters.bytesRead.sum(),
          counters.stalls.stats(),
          cache == null ? 0 : cache.totalBytes(),
          cache == null ? 0 : cache.usedBytes(),
          cache == null ? 0 : cache.count(),
          cache == null ? 0 : cache.hits(),
          cache == null ? 0 : cache.misses(),
          disk.poison().isSet());
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
  public BackgroundWork backgroundWork() {
    return governor.beginInterruptible();
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
    tierSide.markTiered();
  }

  @Override
  public ManifestNotes manifestNotes() {
    return tierSide.manifestNotes();
  }

  /** Runs something as the commit role's holder, for tests. */
  void performWithRole(Runnable task) {
    commitPath.performWithRole(task);
  }

  @Override
  public void noteManifests(UnaryOperator<ManifestNotes> change) {
    tierSide.noteManifests(change);
  }

  @Override
  public void forEachChange(long afterSequence, long throughSequence, ChangeVisitor visitor) {
    tierSide.forEachChange(afterSequence, throughSequence, visitor);
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
    return tierSide.evict(evictions);
  }

  @Override
  public void forEachEvicted(EvictedVisitor visitor) {
    tierSide.forEachEvicted(visitor);
  }

  @Override
  public void moveCold(List<Eviction> moves) {
    tierSide.moveCold(moves);
  }

  @Override
  public long oldestSnapshotSequence() {
    return snapshots.oldestSequence();
  }

  @Override
  public void dropTombstones(long throughSequence) {
    tierSide.dropTombstones(throughSequence);
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

  @Override
  public AgentInvoker agentInvoker() {
    return agents.invoker();
  }

  // ---- for tests that drive the agents' work

  /** Begins a vacuum whose steps the caller does. */
  Vacuum beginVacuum(VacuumOptions options, VacuumListener listener) {
    return vacuumSide.begin(options, listener);
  }

  /** Does the agents' work once. */
  int doWork() {
    return agents.doWork();
  }

  @Override
  public void close() {
    StackRoom.toEnd();
    gate.callbacks().refuseCallback();
    if (agents.environment().ownThread()) {
      closing.close();
    } else {
      closeNow(); // a test drives the agents' work, on this thread
    }
  }

  private void closeNow() {
    governor.close(); // a rest within the gate would be waited for
    agents.beginClose();
    if (!gate.close()) {
      return;
    }
    snapshots.stop();
    commitPath.close();
    handles.reportAtClose(gate.subject());
    snapshots.close();
    reads.close();
    agents.close();
    dataFile.close();
    superblocks.close();
    disk.disk().close();
    content.index().close();
    content.space().close();
    reads.freeMemory();
  }
}
