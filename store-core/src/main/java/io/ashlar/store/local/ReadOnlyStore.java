package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Disks;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.recover.RecoveredStore;
import io.ashlar.store.recover.Recovery;
import io.ashlar.store.recover.RecoveryReport;
import io.ashlar.store.recover.Verifier;
import io.ashlar.uring.NativeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A store that is only looked at: for statistics, verification, backups, and to salvage what is
 * readable from damaged media. It is what a snapshot of it would be.
 *
 * <p>Nothing is written, not even the fence of an open: the file may lie on read-only media. Others
 * may look at it at the same time; who wants to write waits, or is told that it is locked.
 *
 * <p>Blobs that are in a tier only cannot be read here. Thread: any.
 */
public final class ReadOnlyStore implements Snapshot {

  private final Disk disk;
  private final StoreGate gate;
  private final BufferPool pool;
  private final BlobIndex index;
  private final ReadSide reads;
  private final RecoveredStore recovered;
  private final StoreCounters counters = new StoreCounters();

  private ReadOnlyStore(
      String subject, Disk disk, BufferPool pool, StoreConfig config, RecoveredStore recovered) {
    this.disk = disk;
    this.pool = pool;
    this.recovered = recovered;
    gate = new StoreGate(subject);
    index = recovered.index();
    reads = new ReadSide(gate, index, disk, pool, null, counters, config.backPressureTimeoutMs());
  }

  /**
   * Opens the store in {@code folder}.
   *
   * @throws io.ashlar.store.StoreLockedException if it is open for writing.
   * @throws io.ashlar.store.StoreOpenException if there is none, or the place is no good.
   * @throws io.ashlar.store.CorruptionException if something durable is damaged.
   * @throws io.ashlar.store.FormatVersionException if it is of another version.
   */
  public static ReadOnlyStore open(Path folder, StoreConfig config) {
    return openFile(folder.resolve(StoreFile.NAME), config);
  }

  /** Opens a data file that lies by any name, such as a backup; else as {@link #open}. */
  public static ReadOnlyStore openFile(Path path, StoreConfig config) {
    Disk disk =
        Disks.over(
            StoreFile.openReadOnly(path, config), config.engine() == StoreConfig.Engine.AUTO);
    try {
      return open(path.toString(), disk, config);
    } catch (NativeException e) {
      throw StoreFile.cannotOpen(path, e);
    }
  }

  /** Opens on a disk that nobody writes to; closing, or a failure to open, closes the disk. */
  static ReadOnlyStore open(String subject, Disk disk, StoreConfig config) {
    BufferPool pool = null;
    try (SuperblockPair superblocks = new SuperblockPair(disk)) {
      pool = new BufferPool(config.poolBytes(), Boolean.getBoolean("ashlar.checks"));
      ReadOnlyStore store =
          new ReadOnlyStore(subject, disk, pool, config, Recovery.inspect(disk, superblocks));
      pool.touchRest();
      return store;
    } catch (RuntimeException | Error e) {
      if (pool != null) {
        pool.close();
      }
      disk.close();
      throw e;
    }
  }

  /** Returns what opening found. */
  public RecoveryReport recoveryReport() {
    return recovered.report();
  }

  /** Returns the store's identity. */
  public long storeId() {
    return recovered.superblock().storeId();
  }

  /** Returns how many blobs there are, those in a tier only included. */
  public long blobs() {
    return index.liveCount();
  }

  /**
   * Returns what the store holds and how it is reached. Its incarnation is that of its last open
   * for writing; what counts commits, snapshots and a cache is 0.
   */
  public StoreStats stats() {
    gate.enter();
    try {
      return new StoreStats(
          disk.engine(),
          disk.engineReason(),
          storeId(),
          recovered.superblock().incarnation(),
          epoch(),
          sequence(),
          index.liveCount(),
          index.liveBytes(),
          index.evictedCount(),
          index.tombstoneCount(),
          Blocks.offset(recovered.fileBlocks()),
          Blocks.offset(recovered.allocator().freeBlocks()),
          0,
          0,
          index.memoryBytes(),
          pool.totalBytes(),
          pool.freeBytes(),
          0,
          0,
          0,
          0,
          0,
          0,
          counters.reads.sum(),
          counters.bytesRead.sum(),
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
   * Re-reads local blobs as {@link BlobStore#verify(VerifyOptions, VerifyListener)} does. That no
   * block belongs to two things was found when this was opened, and what belongs to nothing is
   * free; that the blobs seen have all the blocks counted then is found here (promise G13).
   */
  public VerifyReport verify(VerifyOptions options, VerifyListener listener) {
    gate.enter();
    try (Verifier verifier = new Verifier(index, disk, options, listener, gate::isClosed)) {
      verifier.run();
      return verifier.report(
          verifier.sawAll() ? recovered.applier().liveBlocks() - verifier.blocks() : 0);
    } finally {
      gate.exit();
    }
  }

  @Override
  public long epoch() {
    return recovered.position().epoch();
  }

  @Override
  public long sequence() {
    return recovered.position().sequence();
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
  public boolean contains(BlobId id) {
    return length(id) != BlobStore.NOT_FOUND;
  }

  @Override
  public long length(BlobId id) {
    return reads.length(id);
  }

  @Override
  public void forEach(BlobVisitor visitor) {
    reads.forEach(visitor);
  }

  /** Waits for reads in progress, and lets go of the file. Idempotent. */
  @Override
  public void close() {
    if (gate.close()) {
      reads.close();
      disk.close();
      index.close();
      pool.close();
    }
  }
}
