package io.ashlar.store.local;

import io.ashlar.store.agent.AgentHost;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.Lender;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.read.AsyncReads;
import io.ashlar.store.read.BlobReader;
import io.ashlar.store.read.ReadAgent;
import io.ashlar.store.read.cache.BlobCache;
import io.ashlar.store.spi.ReadBack;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a store that read, and the memory that they lend. {@link StoreReads} are the calls.
 *
 * <p>Thread: any.
 */
final class ReadSide implements AutoCloseable {

  private final StoreGate gate;
  private final BlobIndex index;
  private final BufferPool pool;
  private final @Nullable BlobCache cache;
  private final ReadAgent agent;
  private final BlobReader reader;
  private final AsyncReads async;

  ReadSide(
      BlobIndex index,
      Disk disk,
      @Nullable BlobCache cache,
      StoreCounters counters,
      Lender lender,
      AgentHost host) {
    gate = lender.gate();
    this.index = index;
    pool = lender.pool();
    this.cache = cache;
    agent = new ReadAgent(disk, host);
    reader = new BlobReader(index, disk, lender, cache, counters, agent);
    async = new AsyncReads(lender, agent, reader);
  }

  /** Returns the store's gate. */
  StoreGate gate() {
    return gate;
  }

  /** Returns where blobs are. */
  BlobIndex index() {
    return index;
  }

  /** Returns the cache, if there is one. */
  @Nullable BlobCache cache() {
    return cache;
  }

  /**
   * Frees the memory that leases show, once the threads that read have ended: now, or where a lease
   * is in use when that ends. With checks a lease's view has a lifetime of its own: then the memory
   * stays until the last of them is closed, filled with nonsense.
   */
  void freeMemory() {
    if (pool.checks() && gate.leases() > 0) {
      pool.region().fill(BufferPool.POISON);
      if (cache != null) {
        cache.fill(BufferPool.POISON);
      }
    }
    gate.free(
        () -> {
          try (pool;
              BlobCache _ = cache) {
            reader.closeLongLeases();
          }
        },
        pool.checks());
  }

  /** Returns the memory of leases that have some of their own. */
  long longLeaseBytes() {
    return reader.longLeaseBytes();
  }

  /** Returns what snapshots read with. */
  BlobReader reader() {
    return reader;
  }

  /** Returns the gets of this store whose callers are told later. */
  AsyncReads async() {
    return async;
  }

  void attachReadBack(ReadBack storage) {
    reader.attachReadBack(storage);
  }

  void detachReadBack(ReadBack storage) {
    reader.detachReadBack(storage);
  }

  /** Ends the threads that read. The gate is closed, and no thread is within it. */
  @Override
  public void close() {
    agent.close();
  }
}
