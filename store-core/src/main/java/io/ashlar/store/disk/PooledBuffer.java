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
 * <p>Thread: whoever took it, and whoever that hands it to; {@code release} once, by any thread.
 * Lifetime: the object and its memory are made with the pool and go with it; between release and
 * the next take the memory belongs to nobody.
 */
public final class PooledBuffer implements LentMemory {
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

  void markTaken() {
    boolean wasFree = TAKEN.compareAndSet(this, false, true);
    assert wasFree : "buffer handed out twice: " + this;
  }
}
