package io.ashlar.store.local;

import io.ashlar.store.disk.Threads;
import java.security.SecureRandom;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * What a store takes from the world around it, so that a test can make a run repeatable.
 *
 * @param ids random 64-bit values for identities.
 * @param clockMs wall time, ms since 1970.
 * @param clockNs a monotonic clock.
 * @param growth runs growth of the data file. This and the next may reject a task, for want of a
 *     thread: what it is for then fails, or waits, and nothing else does.
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
    Threads.start(thread);
  }
}
