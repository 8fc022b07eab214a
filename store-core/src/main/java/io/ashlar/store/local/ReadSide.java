package io.ashlar.store.local;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.ReadListener;
import io.ashlar.store.disk.BufferPool;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.read.AsyncReads;
import io.ashlar.store.read.BlobCache;
import io.ashlar.store.read.BlobReader;
import io.ashlar.store.read.ReadAgent;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.ReadBack;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The reads of a store, each within its gate. Thread: any. */
final class ReadSide implements AutoCloseable {

  private final StoreGate gate;
  private final BlobIndex index;
  private final BufferPool pool;
  private final @Nullable BlobCache cache;
  private final ReadAgent agent;
  private final BlobReader reader;
  private final AsyncReads async;

  ReadSide(
      StoreGate gate,
      BlobIndex index,
      Disk disk,
      BufferPool pool,
      @Nullable BlobCache cache,
      StoreCounters counters,
      @Nullable HandleTraces traces,
      long backPressureTimeoutMs) {
    this.gate = gate;
    this.index = index;
    this.pool = pool;
    this.cache = cache;
    agent = new ReadAgent(disk);
    reader =
        new BlobReader(
            index, disk, pool, cache, gate, counters, agent, traces, backPressureTimeoutMs);
    async = new AsyncReads(gate, agent, reader, backPressureTimeoutMs);
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

  @Nullable BlobLease get(BlobId id) {
    gate.enter();
    BlobLease lease = null;
    try {
      lease = reader.get(id);
      return lease;
    } finally {
      gate.exit(lease == null ? 0 : 1);
    }
  }

  long get(BlobId id, MemorySegment target) {
    gate.enter();
    try {
      return reader.get(id, target);
    } finally {
      gate.exit();
    }
  }

  long get(BlobId id, long offset, long length, MemorySegment target) {
    gate.enter();
    try {
      return reader.get(id, offset, length, target);
    } finally {
      gate.exit();
    }
  }

  long get(BlobId id, WritableByteChannel target) throws IOException {
    gate.enterWithCallbacks();
    try {
      return reader.get(id, target);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    return async.get(reader, id, target);
  }

  void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    async.get(reader, id, target, listener);
  }

  void getAll(List<BlobId> ids, BatchVisitor visitor) {
    gate.enterWithCallbacks();
    try {
      reader.getAll(ids, visitor);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  long length(BlobId id) {
    gate.enter();
    try {
      return reader.length(id);
    } finally {
      gate.exit();
    }
  }

  void forEach(BlobVisitor visitor) {
    gate.enterWithCallbacks();
    try {
      index.forEach((idHigh, idLow, location) -> {
        if (location.isLive()) {
          visitor.onBlob(
              idHigh, idLow, location.lengthBytes(), location.kind() == BlobLocation.Kind.STORED);
        }
      });
    } finally {
      gate.exitWithCallbacks();
    }
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
