package io.ashlar.store.disk;

import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.uring.NativeException;

/**
 * A store's disk as its writers share it: growth, commits, writes ahead, index checkpoints, vacuum.
 *
 * <p>Each of them keeps two rules. It looks at the poison before it writes, because nothing is
 * written after a failure (L24). It sets the poison if a write or a sync fails whose outcome others
 * rely on (G6).
 *
 * <p>Thread: any.
 *
 * @param disk the device.
 * @param poison whether the store has failed.
 * @param counters what was written, for the statistics.
 */
public record GuardedDisk(Disk disk, Poison poison, StoreCounters counters) {

  /**
   * Syncs, as {@link Disk#sync} does. A failure poisons the store, because it may have hidden the
   * failure of another's write (see fsync(2)).
   *
   * @throws NativeException if the sync failed.
   */
  public void sync() {
    try {
      disk.sync(); // no lambda: a sync needs no heap
    } catch (NativeException e) {
      poison.set(e);
      throw e;
    }
  }

  /**
   * Does a write or a sync whose failure poisons the store.
   *
   * @throws NativeException if it failed.
   */
  public void orPoison(Runnable change) {
    try {
      change.run();
    } catch (NativeException e) {
      poison.set(e);
      throw e;
    }
  }
}
