package io.ashlar.store.local;

import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.spi.Uninterrupted;
import io.ashlar.store.vacuum.CommitAccess;
import io.ashlar.store.vacuum.Vacuum;
import io.ashlar.store.vacuum.VacuumPace;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * Runs vacuums over a store's parts, one at a time. Thread: any; the caller has entered the store's
 * gate.
 */
final class VacuumSide {

  private static final long REST_NS_MAX = 20_000_000; // how long closing may wait for a rest

  private final CommitAccess commits;
  private final StoreContent content;
  private final DataFile dataFile;
  private final GuardedDisk disk;
  private final StoreGate gate;
  private final LongSupplier clockNs;
  private final AtomicBoolean running = new AtomicBoolean();

  VacuumSide(
      CommitAccess commits,
      StoreContent content,
      DataFile dataFile,
      GuardedDisk disk,
      StoreGate gate,
      LongSupplier clockNs) {
    this.commits = commits;
    this.content = content;
    this.dataFile = dataFile;
    this.disk = disk;
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
        content,
        dataFile,
        disk,
        options,
        listener,
        new VacuumPace(options, clockNs, gate::isClosed));
  }

  private void rest(Vacuum vacuum) {
    for (long restNs = vacuum.restNs(); restNs > 0 && !gate.isClosed(); restNs = vacuum.restNs()) {
      Uninterrupted.sleep(this, Math.min(restNs, REST_NS_MAX));
    }
  }
}
