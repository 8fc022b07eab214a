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
import io.ashlar.store.spi.ColdStorage;
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
      long backPressureTimeoutMs) {
    this.gate = gate;
    this.index = index;
    this.cache = cache;
    agent = new ReadAgent(disk);
    reader = new BlobReader(index, disk, pool, cache, gate, counters, agent, backPressureTimeoutMs);
    async = new AsyncReads(gate, agent, reader, backPressureTimeoutMs);
  }

  /** Returns the cache, if there is one. */
  @Nullable BlobCache cache() {
    return cache;
  }

  /** Unmaps the cache; no lease is open any more, or its store is not. */
  void closeCache() {
    if (cache != null) {
      cache.close();
    }
  }

  /** Returns what snapshots read with. */
  BlobReader reader() {
    return reader;
  }

  @Nullable BlobLease get(BlobId id) {
    gate.enter();
    try {
      return reader.get(id);
    } finally {
      gate.exit();
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
    gate.enter();
    try {
      return reader.get(id, target);
    } finally {
      gate.exit();
    }
  }

  CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    return async.get(id, target);
  }

  void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    async.get(id, target, listener);
  }

  void getAll(List<BlobId> ids, BatchVisitor visitor) {
    gate.enter();
    try {
      reader.getAll(ids, visitor);
    } finally {
      gate.exit();
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
    gate.enter();
    try {
      index.forEach((idHigh, idLow, location) -> {
        if (location.isLive()) {
          visitor.onBlob(
              idHigh, idLow, location.lengthBytes(), location.kind() == BlobLocation.Kind.STORED);
        }
      });
    } finally {
      gate.exit();
    }
  }

  /** Refuses to wait for the threads that read, on one of them. */
  void refuseReadThread() {
    agent.refuseOwnThread();
  }

  void coldStorage(@Nullable ColdStorage storage) {
    reader.coldStorage(storage);
  }

  /** Ends the threads that read. The gate is closed, and nobody within it. */
  @Override
  public void close() {
    agent.close();
  }
}
