package io.ashlar.store.read;

import io.ashlar.store.BlobLease;
import io.ashlar.store.disk.LentMemory;
import io.ashlar.store.disk.StoreGate;
import io.ashlar.store.spi.StackRoom;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A lease over memory that goes back to its owner; may be opened again once closed.
 *
 * <p>Thread: one. A close by another thread is seen by the one that would open it again.
 */
final class LeasedBlob implements BlobLease {

  private static final VarHandle MEMORY;

  static {
    try {
      MEMORY = MethodHandles.lookup().findVarHandle(LeasedBlob.class, "memory", LentMemory.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  private @Nullable StoreGate gate;
  private @Nullable MemorySegment value;

  @SuppressWarnings("unused") // through MEMORY: set when it is opened, null once closed
  private @Nullable LentMemory memory;

  LeasedBlob() {}

  /** Lends memory; it must not be open. */
  void open(StoreGate newGate, MemorySegment newValue, LentMemory newMemory) {
    gate = newGate;
    value = newValue;
    MEMORY.setRelease(this, newMemory);
  }

  /** Returns whether it has not been closed since it was opened. */
  boolean isOpen() {
    return MEMORY.getAcquire(this) != null;
  }

  @Override
  public MemorySegment value() {
    MemorySegment now = value;
    if (now == null) {
      throw closed();
    }
    return now;
  }

  /** Returns the exception for a use of a lease after its close. */
  static IllegalStateException closed() {
    return new IllegalStateException("the lease was closed: take another, or close it later");
  }

  @Override
  public void close() {
    StackRoom.toEnd();
    LentMemory lent = (LentMemory) MEMORY.getAcquire(this);
    StoreGate entrance = gate;
    if (lent == null || entrance == null) {
      return;
    }
    value = null;
    MEMORY.setRelease(this, (LentMemory) null);
    giveBack(entrance, lent);
  }

  /** Gives lent memory back, and counts the lease no longer. */
  static void giveBack(StoreGate gate, LentMemory lent) {
    if (gate.tryEnter()) {
      try {
        lent.release();
      } finally {
        gate.exit(-1);
      }
    } else { // most memory has gone with the store
      lent.releaseLate();
      gate.countLateReturn();
    }
  }
}
