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
 * @param background runs the steps of index checkpoints, one after another, and gives up what ended
 *     snapshots needed; never on the thread that asks.
 * @param ownThread whether the store starts its I/O thread; a test may drive the work itself.
 */
record StoreEnvironment(
    LongSupplier ids,
    LongSupplier clockMs,
    LongSupplier clockNs,
    Executor growth,
    Executor background,
    boolean ownThread) {

  /** Returns the real one. */
  static StoreEnvironment system() {
    SecureRandom random = new SecureRandom();
    return new StoreEnvironment(
        random::nextLong,
        System::currentTimeMillis,
        System::nanoTime,
        task -> startThread(task, "ashlar-growth"),
        task -> startThread(task, "ashlar-background"),
        true);
  }

  private static void startThread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }
}
