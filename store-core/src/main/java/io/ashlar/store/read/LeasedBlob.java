package io.ashlar.store.read;

import io.ashlar.store.BlobLease;
import io.ashlar.store.disk.StoreGate;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A lease over memory that {@code giveBack} returns to its owner. Thread: one. */
final class LeasedBlob implements BlobLease {

  private final StoreGate gate;
  private @Nullable MemorySegment value;
  private @Nullable Runnable giveBack;

  LeasedBlob(StoreGate gate, MemorySegment value, Runnable giveBack) {
    this.gate = gate;
    this.value = value;
    this.giveBack = giveBack;
  }

  @Override
  public MemorySegment value() {
    MemorySegment now = value;
    if (now == null) {
      throw new IllegalStateException("the lease was closed");
    }
    return now;
  }

  @Override
  public void close() {
    Runnable owner = giveBack;
    value = null;
    giveBack = null;
    if (owner != null && gate.tryEnter()) { // else the memory has gone with the store
      try {
        owner.run();
      } finally {
        gate.exit();
      }
    }
  }
}
