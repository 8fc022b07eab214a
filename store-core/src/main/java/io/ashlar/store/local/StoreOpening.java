package io.ashlar.store.local;

import io.ashlar.store.Admission;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.checkpoint.SuperblockPair;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.DataFileHandle;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Disks;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.read.cache.BlobCache;
import io.ashlar.store.recover.RecoveredStore;
import io.ashlar.store.recover.Recovery;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.HeapShortage;
import io.ashlar.store.spi.StackRoom;
import io.ashlar.uring.Errno;
import io.ashlar.uring.NativeException;
import java.nio.file.Path;
import java.util.List;

/**
 * Opens stores for writing: file, disk, recovery, store. What fails on the way closes all that was
 * opened before.
 *
 * <p>Thread: the one that opens the store.
 */
final class StoreOpening {

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

  private StoreOpening() {}

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
      throw failed(path, e);
    }
  }

  private static StoreException failed(Path path, NativeException e) {
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
      GuardedDisk guarded =
          new GuardedDisk(disk, new Poison(), new StoreCounters(environment.clockNs()));
      Lender lender =
          new Lender(
              new StoreGate(subject),
              pool,
              HandleTraces.ifWanted(),
              config.backPressureTimeoutMs());
      StoreAgents agents = StoreAgents.of(config, environment);
      ReadSide reads =
          new ReadSide(
              recovered.index(), disk, cache, guarded.counters(), lender, agents.readHost());
      DataFileStore store =
          new DataFileStore(config, guarded, lender, reads, superblocks, recovered, agents);
      pool.touchRest();
      store.checkpointAfterOpen();
      return store;
    } catch (RuntimeException | Error e) {
      superblocks.close();
      if (recovered != null) {
        recovered.close();
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
}
