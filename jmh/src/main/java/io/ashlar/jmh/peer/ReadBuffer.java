package io.ashlar.jmh.peer;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * Where one thread reads values to, in the shapes that stores want.
 *
 * <p>Thread: one at a time. Memory: native until {@link #close}, aligned to 4 KiB.
 */
public final class ReadBuffer implements AutoCloseable {

  private static final int PAGE_BYTES = 4096;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final ByteBuffer view;
  private final ByteBuffer direct;
  private final ByteBuffer key;

  /** Makes room for values of at most {@code bytes} bytes. */
  public ReadBuffer(int bytes) {
    this(bytes, true);
  }

  private ReadBuffer(int bytes, boolean hugePages) {
    memory = hugePages ? NativeMemory.reserveIn(arena, bytes) : arena.allocate(bytes, PAGE_BYTES);
    var _ = memory.fill((byte) 0); // touches its pages
    view = memory.asByteBuffer();
    direct = ByteBuffer.allocateDirect(bytes);
    key = ByteBuffer.allocateDirect(16);
  }

  /**
   * Makes room in memory of the JVM's own allocator. A fresh JVM then links no native call of
   * Ashlar's on behalf of a peer.
   */
  public static ReadBuffer plain(int bytes) {
    return new ReadBuffer(bytes, false);
  }

  /** Returns native, aligned memory. */
  public MemorySegment segment() {
    return memory;
  }

  /** Returns the same memory as a buffer that is all remaining. */
  public ByteBuffer view() {
    return view.clear();
  }

  /** Takes what was seen of a value that was not copied, so that nobody leaves the look out. */
  public void touch(long seen) {
    memory.set(ValueLayout.JAVA_LONG, 0, seen);
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
    arena.close();
  }
}
