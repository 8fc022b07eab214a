package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.read.BlobReader;
import io.ashlar.store.read.RunRead;
import io.ashlar.store.snapshot.SnapshotRegistry;
import io.ashlar.store.snapshot.SnapshotView;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ChangeVisitor;
import io.ashlar.store.spi.TierSnapshot;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A snapshot of a local store: a view of the index, and a reader that looks blobs up in it. */
final class LocalSnapshot implements TierSnapshot {

  private final StoreGate gate;
  private final SnapshotRegistry registry;
  private final SnapshotView view;
  private final BlobReader reader;
  private volatile boolean closed; // written by whoever closes it, read by any thread

  LocalSnapshot(
      StoreGate gate, SnapshotRegistry registry, SnapshotView view, BlobReader storeReader) {
    this.gate = gate;
    this.registry = registry;
    this.view = view;
    reader = storeReader.of(view);
  }

  /** Enters the store's gate; an ended or closed view throws when it is looked into. */
  private void enter() {
    gate.enter();
    if (closed) {
      gate.exit();
      throw new IllegalStateException("the snapshot was closed");
    }
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
    try {
      return reader.get(id);
    } finally {
      gate.exit();
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
    enter();
    try {
      return reader.get(id, target);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean contains(BlobId id) {
    return length(id) != BlobStore.NOT_FOUND;
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
    enter();
    try {
      view.forEach((idHigh, idLow, location) -> {
        if (location.isLive()) {
          visitor.onBlob(
              idHigh, idLow, location.lengthBytes(), location.kind() == BlobLocation.Kind.STORED);
        }
      });
    } finally {
      gate.exit();
    }
  }

  @Override
  public void forEachChange(long afterSequence, ChangeVisitor visitor) {
    enter();
    try {
      view.forEach((idHigh, idLow, location) -> {
        if (location.version() > afterSequence) {
          visitor.onChange(TierSide.change(idHigh, idLow, location));
        }
      });
    } finally {
      gate.exit();
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
