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
 * @param ownThread whether the store starts its I/O thread; a test may drive the work itself.
 */
record StoreEnvironment(
    LongSupplier ids,
    LongSupplier clockMs,
    LongSupplier clockNs,
    Executor growth,
    boolean ownThread) {

  /** Returns the real one. */
  static StoreEnvironment system() {
    SecureRandom random = new SecureRandom();
    return new StoreEnvironment(
        random::nextLong,
        System::currentTimeMillis,
        System::nanoTime,
        task -> {
          Thread thread = new Thread(task, "ashlar-growth");
          thread.setDaemon(true);
          thread.start();
        },
        true);
  }
}
