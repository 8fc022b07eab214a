package io.ashlar.store.local;

import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.vacuum.CommitAccess;
import io.ashlar.store.vacuum.Vacuum;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Runs vacuums over a store's parts, one at a time. Thread: any; the caller has entered the store's
 * gate.
 */
final class VacuumSide {

  private static final long REST_NS_MAX = 20_000_000; // how long closing may wait for a rest

  private final CommitAccess commits;
  private final BlobIndex index;
  private final OperationApplier applier;
  private final BlockSpace space;
  private final DataFile dataFile;
  private final Disk disk;
  private final Poison poison;
  private final StoreGate gate;
  private final LongSupplier clockNs;
  private final AtomicBoolean running = new AtomicBoolean();

  VacuumSide(
      CommitAccess commits,
      BlobIndex index,
      OperationApplier applier,
      BlockSpace space,
      DataFile dataFile,
      Disk disk,
      Poison poison,
      StoreGate gate,
      LongSupplier clockNs) {
    this.commits = commits;
    this.index = index;
    this.applier = applier;
    this.space = space;
    this.dataFile = dataFile;
    this.disk = disk;
    this.poison = poison;
    this.gate = gate;
    this.clockNs = clockNs;
  }

  /** Implements {@link io.ashlar.store.BlobStore#vacuum}. */
  VacuumReport run(VacuumOptions options, VacuumListener listener) {
    if (!running.compareAndSet(false, true)) {
      throw new IllegalStateException("a vacuum is running in this store: wait until it ends");
    }
    try (Vacuum vacuum = begin(options, listener)) {
      while (vacuum.step()) {
        if (vacuum.waitsForCheckpoint()) {
          vacuum.awaitCheckpoint();
        }
        rest(vacuum);
      }
      return vacuum.report();
    } finally {
      running.set(false);
    }
  }

  /** Begins one whose steps the caller does; the caller sees to it that there is one only. */
  Vacuum begin(VacuumOptions options, VacuumListener listener) {
    return new Vacuum(
        commits,
        index,
        applier,
        space,
        dataFile,
        disk,
        poison,
        options,
        listener,
        gate::isClosed,
        clockNs);
  }

  private void rest(Vacuum vacuum) {
    boolean interrupted = false;
    for (long restNs = vacuum.restNs(); restNs > 0 && !gate.isClosed(); restNs = vacuum.restNs()) {
      LockSupport.parkNanos(this, Math.min(restNs, REST_NS_MAX));
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
