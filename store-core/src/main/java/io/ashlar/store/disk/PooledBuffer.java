package io.ashlar.store.disk;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One buffer of a {@link BufferPool}: native memory at a multiple of 4 KiB, lent until {@link
 * #release()}.
 *
 * <p>Thread: the one that took it, or one to which that hands it over. Any thread may call {@code
 * release}, once. Lifetime: the object and its memory live as long as the pool. Between a release
 * and the next take the memory must not be used.
 */
public final class PooledBuffer implements LentMemory {

  /** The purpose of a taken buffer, so that a message can say what holds the pool. */
  public enum Use {
    /** Work of the store's own, which ends by itself. */
    WORK,
    /** Values of an epoch, until that is durable or closed. */
    EPOCH,
    /** A lease, until that is closed. */
    LEASE
  }

  private static final VarHandle TAKEN;

  static {
    try {
      TAKEN = MethodHandles.lookup().findVarHandle(PooledBuffer.class, "taken", boolean.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  private final BufferPool pool;
  private final MemorySegment memory;
  private final ByteBuffer view;
  private final int sizeClass;
  private final int number;

  @SuppressWarnings("UnusedVariable") // compared and set by who takes and who releases
  private boolean taken;

  private byte use; // an ordinal: written by its holder, read by those who count
  private @Nullable MemorySegment readOnly; // its holder's: the view that was asked for last

  PooledBuffer(BufferPool pool, MemorySegment memory, int sizeClass, int number) {
    this.pool = pool;
    this.memory = memory;
    this.view = memory.asByteBuffer();
    this.sizeClass = sizeClass;
    this.number = number;
  }

  /** Returns the memory, all {@link #capacity()} bytes of it; the content is arbitrary. */
  public MemorySegment segment() {
    return memory;
  }

  /**
   * Returns the memory as a buffer, always the same one, so that using it allocates nothing; who
   * holds the buffer sets its position and limit first.
   */
  public ByteBuffer view() {
    return view;
  }

  /**
   * Returns a read-only view of the first {@code length} bytes; allocates nothing when the buffer
   * was last viewed at the same length. Thread: who holds the buffer.
   */
  public MemorySegment readOnly(long length) {
    MemorySegment last = readOnly;
    if (last == null || last.byteSize() != length) {
      last = memory.asSlice(0, length).asReadOnly();
      readOnly = last;
    }
    return last;
  }

  /** Notes the purpose of the buffer until its release. Thread: who holds the buffer. */
  public void useFor(Use newUse) {
    use = (byte) newUse.ordinal();
  }

  /** Returns the length in bytes: that of a size class, so often more than was asked for. */
  public long capacity() {
    return memory.byteSize();
  }

  /**
   * Gives the buffer back; allocates nothing, unless threads wait for one.
   *
   * @throws IllegalStateException if it is released already.
   */
  @Override
  public void release() {
    if (!TAKEN.compareAndSet(this, true, false)) {
      throw new IllegalStateException("buffer released twice: " + this);
    }
    pool.giveBack(this);
  }

  @Override
  public String toString() {
    return "PooledBuffer[capacity=" + capacity() + ", number=" + number + "]";
  }

  int sizeClass() {
    return sizeClass;
  }

  int number() {
    return number;
  }

  /** Returns whether it is taken, and for that use. Thread: any; it may change at any time. */
  boolean isUsedFor(Use asked) {
    return (boolean) TAKEN.getAcquire(this) && use == (byte) asked.ordinal();
  }

  void markTaken() {
    boolean wasFree = TAKEN.compareAndSet(this, false, true);
    assert wasFree : "buffer handed out twice: " + this;
    use = 0;
  }
}
