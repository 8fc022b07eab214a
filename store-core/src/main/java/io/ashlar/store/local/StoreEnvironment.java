package io.ashlar.store.local;

import io.ashlar.store.background.Governor;
import io.ashlar.store.disk.Threads;
import io.ashlar.uring.ThreadClock;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * The clocks, threads and random values of a store. A test replaces them to make a run repeatable.
 *
 * @param ids random 64-bit values for identities.
 * @param clockMs wall time, ms since 1970.
 * @param clockNs a monotonic clock.
 * @param growth runs growth of the data file. This executor and the next may reject a task if they
 *     lack a thread. Only the task's own purpose then fails or waits.
 * @param background runs the steps of index checkpoints, one after another, and releases the
 *     entries of ended snapshots; never on the calling thread.
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
    return new StoreEnvironment(
        new SystemRandom(),
        System::currentTimeMillis,
        System::nanoTime,
        task -> startThread(task, "ashlar-growth"),
        task -> startThread(task, "ashlar-background"),
        true);
  }

  /** Returns the clocks of background work, which rests only where threads work beside it. */
  Governor.Clocks backgroundClocks() {
    return new Governor.Clocks(clockNs, ownThread ? ThreadClock::cpuNs : () -> 0, ownThread);
  }

  private static void startThread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    Threads.start(thread);
  }
}
