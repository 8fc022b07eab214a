package io.ashlar.jmh.peer;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * Where one thread reads values to, in the shapes that stores want.
 *
 * <p>Thread: one at a time. Memory: native until {@link #close}, aligned to 4 KiB.
 */
public final class ReadBuffer implements AutoCloseable {

  private final NativeMemory memory;
  private final ByteBuffer view;
  private final ByteBuffer direct;
  private final ByteBuffer key;

  /** Makes room for values of at most {@code bytes} bytes. */
  public ReadBuffer(int bytes) {
    memory = NativeMemory.allocate(bytes);
    view = memory.segment().asByteBuffer();
    direct = ByteBuffer.allocateDirect(bytes);
    key = ByteBuffer.allocateDirect(16);
  }

  /** Returns native, aligned memory. */
  public MemorySegment segment() {
    return memory.segment();
  }

  /** Returns the same memory as a buffer that is all remaining. */
  public ByteBuffer view() {
    return view.clear();
  }

  /** Takes what was seen of a value that was not copied, so that nobody leaves the look out. */
  public void touch(long seen) {
    memory.segment().set(ValueLayout.JAVA_LONG, 0, seen);
  }

  /** Returns an empty direct buffer. */
  public ByteBuffer direct() {
    return direct.clear();
  }

  /** Returns a direct buffer that holds a key. */
  public ByteBuffer key(byte[] bytes) {
    return key.clear().put(bytes).flip();
  }

  @Override
  public void close() {
    memory.close();
  }
}
