package io.ashlar.store.local;

import java.security.SecureRandom;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * What a store takes from the world around it, so that a test can make a run repeatable.
 *
 * @param ids random 64-bit values for identities.
 * @param clockMs wall time, ms since 1970.
 * @param clockNs a monotonic clock.
 * @param growth runs growth of the data file.
 * @param checkpoints runs the steps of index checkpoints, one after another.
 * @param ownThread whether the store starts its I/O thread; a test may drive the work itself.
 */
record StoreEnvironment(
    LongSupplier ids,
    LongSupplier clockMs,
    LongSupplier clockNs,
    Executor growth,
    Executor checkpoints,
    boolean ownThread) {

  /** Returns the real one. */
  static StoreEnvironment system() {
    SecureRandom random = new SecureRandom();
    return new StoreEnvironment(
        random::nextLong,
        System::currentTimeMillis,
        System::nanoTime,
        task -> startThread(task, "ashlar-growth"),
        task -> startThread(task, "ashlar-checkpoint"),
        true);
  }

  private static void startThread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }
}
