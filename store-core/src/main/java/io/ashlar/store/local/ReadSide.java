package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.read.BlobReader;
import io.ashlar.store.spi.ColdStorage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/** The reads of a store, each within its gate. Thread: any. */
final class ReadSide {

  private final StoreGate gate;
  private final BlobIndex index;
  private final BlobReader reader;

  ReadSide(StoreGate gate, BlobIndex index, BlobReader reader) {
    this.gate = gate;
    this.index = index;
    this.reader = reader;
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

  long get(BlobId id, WritableByteChannel target) throws IOException {
    gate.enter();
    try {
      return reader.get(id, target);
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

  void coldStorage(@Nullable ColdStorage storage) {
    reader.coldStorage(storage);
  }
}
