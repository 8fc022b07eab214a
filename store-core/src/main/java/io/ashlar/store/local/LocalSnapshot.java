package io.ashlar.store.local;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.ReadListener;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.read.AsyncReads;
import io.ashlar.store.read.BlobReader;
import io.ashlar.store.read.RunRead;
import io.ashlar.store.snapshot.SnapshotRegistry;
import io.ashlar.store.snapshot.SnapshotView;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ChangeVisitor;
import io.ashlar.store.spi.StackRoom;
import io.ashlar.store.spi.TierSnapshot;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A snapshot of a local store: a view of the index, and a reader that looks blobs up in it. */
final class LocalSnapshot implements TierSnapshot {

  private final StoreGate gate;
  private final SnapshotRegistry registry;
  private final SnapshotView view;
  private final BlobReader reader;
  private final AsyncReads async;
  private volatile boolean closed; // written by whoever closes it, read by any thread

  LocalSnapshot(StoreGate gate, SnapshotRegistry registry, SnapshotView view, ReadSide reads) {
    this.gate = gate;
    this.registry = registry;
    this.view = view;
    reader = reads.reader().of(view);
    async = reads.async();
  }

  /** Enters the store's gate; an ended or closed view throws when it is looked into. */
  private void enter() {
    gate.enter();
    if (closed) {
      gate.exit();
      throw closedException();
    }
  }

  /** Enters the gate for a call that runs a callback of the application. */
  private void enterWithCallbacks() {
    gate.enterWithCallbacks();
    if (closed) {
      gate.exitWithCallbacks();
      throw closedException();
    }
  }

  private static IllegalStateException closedException() {
    return new IllegalStateException("the snapshot was closed");
  }

  @Override
  public long epoch() {
    return view.epoch();
  }

  @Override
  public long sequence() {
    return view.sequence();
  }

  @Override
  public @Nullable BlobLease get(BlobId id) {
    enter();
    BlobLease lease = null;
    try {
      lease = reader.get(id);
      return lease;
    } finally {
      gate.exit(lease == null ? 0 : 1);
    }
  }

  @Override
  public long get(BlobId id, MemorySegment target) {
    enter();
    try {
      return reader.get(id, target);
    } finally {
      gate.exit();
    }
  }

  @Override
  public long get(BlobId id, long offset, long length, MemorySegment target) {
    enter();
    try {
      return reader.get(id, offset, length, target);
    } finally {
      gate.exit();
    }
  }

  @Override
  public long get(BlobId id, WritableByteChannel target) throws IOException {
    enterWithCallbacks();
    try {
      return reader.get(id, target);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    enter();
    try {
      return async.get(reader, id, target);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    enter();
    try {
      async.get(reader, id, target, listener);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    enterWithCallbacks();
    try {
      reader.getAll(ids, visitor);
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public boolean contains(BlobId id) {
    return length(id) != NOT_FOUND;
  }

  @Override
  public long length(BlobId id) {
    enter();
    try {
      return reader.length(id);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void forEach(BlobVisitor visitor) {
    enterWithCallbacks();
    try {
      view.forEach((idHigh, idLow, location) -> {
        if (location.isLive()) {
          visitor.onBlob(
              idHigh, idLow, location.lengthBytes(), location.kind() == BlobLocation.Kind.STORED);
        }
      });
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public void forEachChange(long afterSequence, ChangeVisitor visitor) {
    enterWithCallbacks();
    try {
      view.forEach((idHigh, idLow, location) -> {
        if (location.version() > afterSequence) {
          visitor.onChange(TierSide.change(idHigh, idLow, location));
        }
      });
    } finally {
      gate.exitWithCallbacks();
    }
  }

  @Override
  public void read(BlobChange change, MemorySegment target) {
    enter();
    try {
      if (!reader.getExactly(
          change.id(), change.sequence(), change.length(), change.crc32c(), target)) {
        throw new IllegalArgumentException("the snapshot holds no such change: " + change);
      }
    } finally {
      gate.exit();
    }
  }

  @Override
  public void readRun(List<BlobChange> changes, MemorySegment buffer) {
    enter();
    try {
      new RunRead(reader).read(changes, buffer);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void close() {
    StackRoom.toEnd();
    gate.refuseListener(); // before anything changes: it waits for the commit role
    closed = true;
    if (gate.tryEnter()) { // else it has gone with the store
      try {
        registry.close(view);
      } finally {
        gate.exit();
      }
    }
  }
}
