package io.ashlar.store.local;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobReads;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.ReadListener;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.read.AsyncReads;
import io.ashlar.store.read.BlobReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The reads of a store over a data file, whether it is open for writing or not: each is within the
 * store's gate (rule L22).
 *
 * <p>A store open for writing is one. A read-only store has one, because its own class is public
 * and may extend no other.
 *
 * <p>Thread: any.
 */
class StoreReads implements BlobReads {

  private final StoreGate gate;
  private final BlobIndex index;
  private final BlobReader reader;
  private final AsyncReads async;

  StoreReads(ReadSide reads) {
    gate = reads.gate();
    index = reads.index();
    reader = reads.reader();
    async = reads.async();
  }

  @Override
  public final @Nullable BlobLease get(BlobId id) {
    gate.enter();
    BlobLease lease = null;
    try {
      lease = reader.get(id);
      return lease;
    } finally {
      gate.exit(lease == null ? 0 : 1);
    }
  }

  @Override
  public final long get(BlobId id, MemorySegment target) {
    gate.enter();
    try {
      return reader.get(id, target);
    } finally {
      gate.exit();
    }
  }

  @Override
  public final long get(BlobId id, long offset, long length, MemorySegment target) {
    gate.enter();
    try {
      return reader.get(id, offset, length, target);
    } finally {
      gate.exit();
    }
  }

  @Override
  public final long get(BlobId id, WritableByteChannel target) throws IOException {
    gate.enterWithCallbacks();
    try {
      return reader.get(id, target);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public final CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    return async.get(reader, id, target);
  }

  @Override
  public final void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    async.get(reader, id, target, listener);
  }

  @Override
  public final void getAll(List<BlobId> ids, BatchVisitor visitor) {
    gate.enterWithCallbacks();
    try {
      reader.getAll(ids, visitor);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public final boolean contains(BlobId id) {
    return length(id) != NOT_FOUND;
  }

  @Override
  public final long length(BlobId id) {
    gate.enter();
    try {
      return reader.length(id);
    } finally {
      gate.exit();
    }
  }

  @Override
  public final void forEach(BlobVisitor visitor) {
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
}
