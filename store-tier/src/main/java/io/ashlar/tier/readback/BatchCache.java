package io.ashlar.tier.readback;

import io.ashlar.store.spi.ColdReference;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.ReadBackStats;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Decoded frames of batches, and whole old batches, kept for the next blob of the same. Callers
 * that ask for the same at the same time share one fetch. Frames of one batch that are asked for at
 * the same time share one GET.
 *
 * <pre>
 *            use(): first asker        a fetch takes it         fetched             out of bounds, close()
 *  (absent) ------------------> WAITING -------------> FETCHING -----> KEPT --------------------------> DROPPED
 *      ^                                                  | failed      ^ use()                            |
 *      +--------------------------------------------------+             | read ahead     last user left    v
 *      +----------------------------------------------------------------+                                freed
 * </pre>
 *
 * <p>{@link SlotTable} says what is kept and who uses it, {@link FrameFetches} how it is fetched.
 *
 * <p>Thread: any. Memory: each entry is freed when it is dropped and its last user has left.
 */
final class BatchCache implements AutoCloseable {
  private final SlotTable table;
  private final FrameFetches fetches;
  private final ReadBackCounters counters = new ReadBackCounters();

  BatchCache(BatchReader reader, ReadBackConfig config, @Nullable FrameDisk disk) {
    this(
        reader,
        config,
        disk,
        Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("ashlar-tier-read-back-", 0).factory()));
  }

  /** Fetches on {@code threads}, which end with this. */
  BatchCache(
      BatchReader reader,
      ReadBackConfig config,
      @Nullable FrameDisk disk,
      ExecutorService threads) {
    this.table = new SlotTable(config);
    this.fetches = new FrameFetches(table, reader, config, disk, counters, threads);
  }

  /**
   * Uses the frames that a reference names, or the whole batch; they stay in memory until {@code
   * use} returns.
   *
   * @param place what the reference says.
   * @throws CompletionException around what the fetch threw, told to each that waited for it.
   * @throws IllegalStateException if the cache is closed.
   */
  <T> T use(ColdReference reference, ColdPlace place, Function<DecodedBatch, T> use) {
    FrameSlot slot = table.enter(reference, place, counters, fetches::start);
    try {
      return use.apply(slot.fetched.join());
    } finally {
      table.leave(slot);
    }
  }

  /** Drops what is kept of a reference, so that the next use of it fetches it. */
  void forget(ColdReference reference) {
    table.forget(reference);
    fetches.forget(reference);
  }

  /** What was counted since it was made. */
  ReadBackStats stats() {
    return fetches.stats(table.bytes());
  }

  /** Slots that no fetch has taken yet. */
  int waiting() {
    return table.waiting();
  }

  /** Native memory of what is kept, in bytes. */
  long bytes() {
    return table.bytes();
  }

  /**
   * Drops everything; what is in use is freed when its last user leaves. Fetches that are on their
   * way are interrupted, and each caller that waits for one is told that it failed. Idempotent.
   */
  @Override
  public void close() {
    if (table.close()) {
      fetches.close();
    }
  }
}
