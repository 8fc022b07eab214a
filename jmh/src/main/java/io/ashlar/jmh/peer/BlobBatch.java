package io.ashlar.jmh.peer;

import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * The values of one commit, in every shape that a store may want, made once and filled with
 * incompressible bytes. Only the ids change from commit to commit.
 *
 * <p>Thread: one at a time. Memory: native until {@link #close}, aligned to 4 KiB, contiguous.
 */
public final class BlobBatch implements AutoCloseable {

  private static final int PAGE_BYTES = 4096;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final int valueBytes;
  private final int[] ids;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment all;
  private final MemorySegment[] segments;
  private final ByteBuffer[] buffers;
  private final byte[][] arrays;
  private long generation;

  /**
   * Makes a batch.
   *
   * @param count values in it.
   * @param valueBytes bytes of each, a multiple of 8.
   * @param seed decides the bytes.
   */
  public BlobBatch(int count, int valueBytes, long seed) {
    this(count, valueBytes, seed, true);
  }

  private BlobBatch(int count, int valueBytes, long seed, boolean hugePages) {
    this.valueBytes = valueBytes;
    ids = new int[count];
    long bytes = (long) count * valueBytes;
    all = hugePages ? NativeMemory.reserveIn(arena, bytes) : arena.allocate(bytes, PAGE_BYTES);
    segments = new MemorySegment[count];
    buffers = new ByteBuffer[count];
    arrays = new byte[count][];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < count; i++) {
      segments[i] = all.asSlice((long) i * valueBytes, valueBytes);
      fill(segments[i], random);
      arrays[i] = segments[i].toArray(ValueLayout.JAVA_BYTE);
      // Of the same bytes, not a view: LMDB's bindings want a buffer without an arena behind it.
      buffers[i] = ByteBuffer.allocateDirect(valueBytes).put(arrays[i]).flip();
    }
  }

  /**
   * Makes a batch in memory of the JVM's own allocator. A fresh JVM then links no native call of
   * Ashlar's on behalf of a peer.
   */
  public static BlobBatch plain(int count, int valueBytes, long seed) {
    return new BlobBatch(count, valueBytes, seed, false);
  }

  /** Fills memory, a multiple of 8 bytes, with incompressible ones. */
  public static void fill(MemorySegment memory, SplittableRandom random) {
    for (long offset = 0; offset < memory.byteSize(); offset += Long.BYTES) {
      memory.set(ValueLayout.JAVA_LONG, offset, random.nextLong());
    }
  }

  /**
   * Chooses distinct ids at random: the batch's count of neighbours, from a random one on. Changes
   * every value a little, so that no store can tell that it holds it already.
   */
  public void chooseIds(SplittableRandom random, int idCount) {
    generation++;
    for (int i = 0; i < ids.length; i++) {
      segments[i].set(ValueLayout.JAVA_LONG, 0, generation);
      buffers[i].putLong(0, generation);
      stamp(arrays[i], 0);
    }
    int first = random.nextInt(idCount / ids.length) * ids.length;
    for (int i = 0; i < ids.length; i++) {
      ids[i] = first + i;
    }
  }

  /** Changes each 4 KiB of value {@code i} on the heap, for a store that compares page by page. */
  public void changePages(int i) {
    for (int offset = 0; offset < valueBytes; offset += PAGE_BYTES) {
      stamp(arrays[i], offset);
    }
  }

  private void stamp(byte[] array, int offset) {
    LONGS.set(array, offset, generation);
  }

  /** Chooses every id on its own at random; one may occur twice. */
  public void scatterIds(SplittableRandom random, int idCount) {
    for (int i = 0; i < ids.length; i++) {
      ids[i] = random.nextInt(idCount);
    }
  }

  /** Sets the ids to {@code first} and those that follow. */
  public void setIds(int first) {
    for (int i = 0; i < ids.length; i++) {
      ids[i] = first + i;
    }
  }

  /** Returns how many values there are. */
  public int count() {
    return ids.length;
  }

  /** Returns the bytes of one value. */
  public int valueBytes() {
    return valueBytes;
  }

  /** Returns the bytes of all values. */
  public long totalBytes() {
    return (long) ids.length * valueBytes;
  }

  /** Returns the id of value {@code i}. */
  public int id(int i) {
    return ids[i];
  }

  /** Returns value {@code i} in native memory. */
  public MemorySegment segment(int i) {
    return segments[i];
  }

  /** Returns value {@code i} as a direct buffer, from its start to its end. */
  public ByteBuffer buffer(int i) {
    return buffers[i].clear();
  }

  /** Returns value {@code i} on the heap. */
  public byte[] array(int i) {
    return arrays[i];
  }

  /** Returns all values as one run of native memory. */
  public MemorySegment all() {
    return all;
  }

  @Override
  public void close() {
    arena.close();
  }
}
