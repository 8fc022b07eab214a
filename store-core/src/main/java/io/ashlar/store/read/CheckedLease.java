package io.ashlar.store.read;

import io.ashlar.store.BlobLease;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.disk.LentMemory;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.spi.ConfinedView;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.StackRoom;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A watched lease. With checks, every use after its end or by another thread throws. This includes
 * a kept slice, even after the memory is reused. With traces, the lease records where it was taken.
 * Each lease is a new object.
 *
 * <p>Thread: the one that took it. Once that thread has ended, another may close it.
 */
final class CheckedLease implements BlobLease {

  private final StoreGate gate;
  private final LentMemory memory;
  private final MemorySegment value;
  private final @Nullable ConfinedView view; // with checks
  private final @Nullable HandleTraces traces;
  private final Thread owner = Thread.currentThread();
  private final AtomicBoolean open = new AtomicBoolean(true);

  CheckedLease(
      StoreGate gate,
      MemorySegment lent,
      LentMemory memory,
      boolean checks,
      @Nullable HandleTraces traces) {
    this.gate = gate;
    this.memory = memory;
    this.traces = traces;
    view = checks ? new ConfinedView(lent) : null;
    value = view == null ? lent : view.value();
    if (traces != null) {
      traces.taken(this, "lease");
    }
  }

  @Override
  public MemorySegment value() {
    if (!open.get()) {
      throw LeasedBlob.closed();
    }
    if (view != null) {
      checkThread();
      if (gate.isClosed()) {
        throw new StoreClosedException("the lease ended with its store: close it earlier", null);
      }
    }
    return value;
  }

  private void checkThread() {
    if (!Thread.currentThread().equals(owner)) {
      throw new WrongThreadException(
          "a lease belongs to the thread that took it: owner="
              + owner.getName()
              + ", caller="
              + Thread.currentThread().getName());
    }
  }

  @Override
  public void close() {
    if (!open.get()) {
      return;
    }
    StackRoom.toEnd();
    if (view != null && owner.isAlive()) {
      checkThread();
      view.close();
    }
    if (open.compareAndSet(true, false)) {
      if (traces != null) {
        traces.returned(this);
      }
      LeasedBlob.giveBack(gate, memory);
    }
  }
}
