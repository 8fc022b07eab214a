package io.ashlar.store.local;

import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.background.Governor;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.space.StoreContent;
import io.ashlar.store.vacuum.CommitAccess;
import io.ashlar.store.vacuum.Vacuum;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs vacuums over a store's parts, one at a time. Thread: any; the caller has entered the store's
 * gate.
 */
final class VacuumSide {

  private final CommitAccess commits;
  private final StoreContent content;
  private final DataFile dataFile;
  private final GuardedDisk disk;
  private final Governor governor;
  private final AtomicBoolean running = new AtomicBoolean();

  VacuumSide(
      CommitAccess commits,
      StoreContent content,
      DataFile dataFile,
      GuardedDisk disk,
      Governor governor) {
    this.commits = commits;
    this.content = content;
    this.dataFile = dataFile;
    this.disk = disk;
    this.governor = governor;
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
        vacuum.rest();
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
        governor.begin(options.bytesPerSecondMax()));
  }
}
