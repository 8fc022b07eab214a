package io.ashlar.store.local;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.ReadListener;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.agent.OwnThreads;
import io.ashlar.store.background.Governor;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Disks;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.OpenHandles;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.recover.RecoveredStore;
import io.ashlar.store.recover.Recovery;
import io.ashlar.store.recover.Verifier;
import io.ashlar.store.spi.Closing;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.StackRoom;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.ThreadClock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A store opened for reading only. It serves statistics, verification, backups and the salvage of
 * readable blobs from damaged media. It is a snapshot of the last epoch in the file.
 *
 * <pre>{@code
 * try (ReadOnlyStore store = ReadOnlyStore.open(folder, StoreConfig.DEFAULTS)) {
 *   store.forEach((idHigh, idLow, length, local) -> System.out.println(length));
 * }
 * }</pre>
 *
 * <p>It writes nothing, not even the fence of an open, so the file may be on read-only media.
 * Several readers may open the file at once. Meanwhile an open for writing waits, and then throws
 * {@link io.ashlar.store.StoreLockedException}.
 *
 * <p>A read of a blob that only a tier has throws {@link io.ashlar.store.TierUnavailableException}.
 * Thread: any.
 */
public final class ReadOnlyStore implements Snapshot {

  private final Disk disk;
  private final StoreGate gate;
  private final BufferPool pool;
  private final BlobIndex index;
  private final ReadSide reads;
  private final StoreReads calls;
  private final OpenHandles handles;
  private final RecoveredStore recovered;
  private final StoreCounters counters;
  private final Governor governor;
  private final Closing closing;

  private ReadOnlyStore(
      Disk disk, Lender lender, ReadSide reads, RecoveredStore recovered, StoreCounters counters) {
    calls = new StoreReads(reads);
    this.disk = disk;
    this.reads = reads;
    this.recovered = recovered;
    this.counters = counters;
    governor =
        new Governor(
            Governor.Ceilings.NONE,
            counters.latency,
            new Governor.Clocks(System::nanoTime, ThreadClock::cpuNs, true));
    gate = lender.gate();
    pool = lender.pool();
    index = recovered.index();
    closing = new Closing(gate.subject(), this::closeNow, () -> {});
    handles = new OpenHandles(lender, OpenHandles.Sources.ofReads(reads::longLeaseBytes));
  }

  /**
   * Opens the store in {@code folder}.
   *
   * @param folder the store's folder.
   * @param config the settings.
   * @return the open store.
   * @throws io.ashlar.store.StoreLockedException if it is open for writing.
   * @throws io.ashlar.store.StoreOpenException if there is no store, or the path cannot be used, or
   *     the container's memory limit leaves less than the pool needs.
   * @throws io.ashlar.store.CorruptionException if durable data of the store itself is damaged.
   * @throws io.ashlar.store.FormatVersionException if the store has an unsupported format version.
   */
  public static ReadOnlyStore open(Path folder, StoreConfig config) {
    return openFile(folder.resolve(StoreFile.NAME), config);
  }

  /**
   * Opens a data file of any name, such as a backup; otherwise as {@link #open}.
   *
   * @param path the data file.
   * @param config the settings.
   * @return the open store.
   */
  public static ReadOnlyStore openFile(Path path, StoreConfig config) {
    return openFile(path, config, ContainerMemory.ofThisProcess());
  }

  /** For tests: with another container's limit. */
  static ReadOnlyStore openFile(Path path, StoreConfig config, ContainerMemory memory) {
    memory.require(config.poolBytes(), 0);
    Disk disk =
        Disks.over(
            StoreFile.openReadOnly(path, config), config.engine() == StoreConfig.Engine.AUTO);
    try {
      return open(path.toString(), disk, config);
    } catch (NativeException e) {
      throw StoreFile.cannotOpen(path, e);
    }
  }

  /**
   * Opens on a disk without a writer. Closing the store, or a failure to open it, closes the disk.
   */
  static ReadOnlyStore open(String subject, Disk disk, StoreConfig config) {
    BufferPool pool = null;
    RecoveredStore recovered = null;
    try (SuperblockPair superblocks = new SuperblockPair(disk)) {
      pool = new BufferPool(config.poolBytes(), Boolean.getBoolean("ashlar.checks"));
      recovered = Recovery.inspect(disk, superblocks);
      Lender lender =
          new Lender(
              new StoreGate(subject),
              pool,
              HandleTraces.ifWanted(),
              config.backPressureTimeoutMs());
      StoreCounters counters = new StoreCounters();
      ReadSide reads =
          new ReadSide(recovered.index(), disk, null, counters, lender, new OwnThreads(null));
      ReadOnlyStore store = new ReadOnlyStore(disk, lender, reads, recovered, counters);
      pool.touchRest();
      return store;
    } catch (RuntimeException | Error e) {
      if (recovered != null) {
        recovered.close();
      }
      if (pool != null) {
        pool.close();
      }
      disk.close();
      throw e;
    }
  }

  /** {@return what opening found} */
  public RecoveryReport recoveryReport() {
    return recovered.report();
  }

  /** {@return the store's identity} */
  public long storeId() {
    return recovered.log().superblock().storeId();
  }

  /** {@return how many blobs there are, those in a tier only included} */
  public long blobs() {
    return index.liveCount();
  }

  /**
   * {@return the store's content and engine, as far as they apply to a store open for reading} Its
   * incarnation is that of its last open for writing; what counts commits, snapshots and a cache is
   * 0.
   */
  public StoreStats stats() {
    gate.enter();
    try {
      return new StoreStats(
          disk.engine(),
          disk.engineReason(),
          storeId(),
          recovered.log().superblock().incarnation(),
          epoch(),
          sequence(),
          index.liveCount(),
          index.liveBytes(),
          index.evictedCount(),
          index.tombstoneCount(),
          Blocks.offset(recovered.space().fileBlocks()),
          Blocks.offset(recovered.space().allocator().freeBlocks()),
          0,
          0,
          index.memoryBytes(),
          pool.totalBytes(),
          pool.freeBytes(),
          handles.leases(),
          handles.leasedBytes(),
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          counters.reads.sum(),
          counters.bytesRead.sum(),
          counters.stalls.stats(),
          0,
          0,
          0,
          0,
          0,
          false);
    } finally {
      gate.exit();
    }
  }

  /**
   * Re-reads local blobs as {@link BlobStore#verify(VerifyOptions, VerifyListener)} does. The open
   * has already proved that no block has two owners; blocks without an owner are free. A
   * verification of the whole store proves that its blobs own all the blocks counted at open
   * (promise G13).
   *
   * @param options the options.
   * @param listener receives each damaged blob and the progress, on this thread.
   * @return the result of the verification.
   */
  public VerifyReport verify(VerifyOptions options, VerifyListener listener) {
    gate.enterWithCallbacks();
    try (Verifier verifier =
        new Verifier(index, disk, options, listener, governor.begin(options.bytesPerSecondMax()))) {
      verifier.run();
      return verifier.report(
          verifier.sawAll() ? recovered.applier().liveBlocks() - verifier.blocks() : 0);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public long epoch() {
    return recovered.log().position().epoch();
  }

  @Override
  public long sequence() {
    return recovered.log().position().sequence();
  }

  @Override
  public @Nullable BlobLease get(BlobId id) {
    return calls.get(id);
  }

  @Override
  public long get(BlobId id, MemorySegment target) {
    return calls.get(id, target);
  }

  @Override
  public long get(BlobId id, long offset, long length, MemorySegment target) {
    return calls.get(id, offset, length, target);
  }

  @Override
  public long get(BlobId id, WritableByteChannel target) throws IOException {
    return calls.get(id, target);
  }

  @Override
  public CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    return calls.getAsync(id, target);
  }

  @Override
  public void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    calls.getAsync(id, target, listener);
  }

  @Override
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    calls.getAll(ids, visitor);
  }

  @Override
  public boolean contains(BlobId id) {
    return calls.contains(id);
  }

  @Override
  public long length(BlobId id) {
    return calls.length(id);
  }

  @Override
  public void forEach(BlobVisitor visitor) {
    calls.forEach(visitor);
  }

  /**
   * Waits for reads in progress, and lets go of the file. Idempotent.
   *
   * @throws IllegalStateException if a callback of this store calls it.
   */
  @Override
  public void close() {
    StackRoom.toEnd();
    gate.callbacks().refuseCallback();
    closing.close();
  }

  private void closeNow() {
    governor.close();
    if (gate.close()) {
      handles.reportAtClose(gate.subject());
      reads.close();
      disk.close();
      recovered.close();
      reads.freeMemory();
    }
  }
}
