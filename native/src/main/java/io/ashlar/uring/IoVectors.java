package io.ashlar.uring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The sources of one gathered write, as a reusable array of {@code struct iovec} in native memory.
 *
 * <p>Sources that lie next to each other in memory share one iovec. Adding allocates nothing once
 * the instance has held as many sources before.
 *
 * <p>Thread: one at a time. Lifetime: the sources must stay alive, and this object untouched, until
 * the write has completed. Source: readv(2).
 */
public final class IoVectors implements AutoCloseable {
  /** The most iovecs that one system call takes ({@code UIO_MAXIOV}). */
  public static final int CAPACITY_MAX = 1024;

  private final Arena arena;
  private final boolean closesArena;
  private final MemorySegment vectors;
  private final int capacity;
  private @Nullable MemorySegment[] sources;
  private long[] offsets; // of each source's first byte in its segment
  private long[] lengths;
  private int count;
  private int sourceCount;
  private long bytes;
  private long lastStart;
  private long lastBytes;

  /**
   * Makes an empty array.
   *
   * @param capacity the most iovecs it holds, 1 to {@link #CAPACITY_MAX}.
   */
  public IoVectors(int capacity) {
    // Shared, for hand-over between threads, and closed once in the life of the array.
    this(capacity, Arena.ofShared(), true);
  }

  /**
   * Makes an empty array in an arena, which stays open until no write uses the array; closing the
   * array frees nothing then.
   *
   * @param capacity the most iovecs it holds, 1 to {@link #CAPACITY_MAX}.
   */
  public IoVectors(int capacity, Arena arena) {
    this(capacity, arena, false);
  }

  private IoVectors(int capacity, Arena arena, boolean closesArena) {
    if (capacity < 1 || capacity > CAPACITY_MAX) {
      throw new IllegalArgumentException(
          "iovec capacity must be 1 to " + CAPACITY_MAX + ": capacity=" + capacity);
    }
    this.arena = arena;
    this.closesArena = closesArena;
    this.capacity = capacity;
    this.vectors = arena.allocate(capacity * LibcCalls.IOVEC_BYTES, 16);
    this.sources = new MemorySegment[capacity];
    this.offsets = new long[capacity];
    this.lengths = new long[capacity];
  }

  /** Makes an array that only this thread may use, and that is cheap to close. */
  static IoVectors confined(int capacity) {
    return new IoVectors(capacity, Arena.ofConfined(), true);
  }

  /** Forgets every source. */
  public void clear() {
    Arrays.fill(sources, 0, sourceCount, null);
    count = 0;
    sourceCount = 0;
    bytes = 0;
    lastStart = 0;
    lastBytes = 0;
  }

  /**
   * Appends a source; an empty one is ignored.
   *
   * @throws IllegalArgumentException if the segment is on the Java heap.
   * @throws IllegalStateException if every iovec is in use.
   */
  public void add(MemorySegment source) {
    add(source, 0, source.byteSize());
  }

  /**
   * Appends a part of a segment as {@link #add(MemorySegment)} would its slice, which this saves.
   *
   * @throws IndexOutOfBoundsException if the segment has no such part.
   */
  public void add(MemorySegment segment, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, segment.byteSize());
    if (!segment.isNative()) {
      throw new IllegalArgumentException("a source must be native memory: " + segment);
    }
    if (length == 0) {
      return;
    }
    long address = segment.address() + offset;
    if (isBehindLast(address)) {
      lastBytes += length;
    } else {
      if (count == capacity) {
        throw new IllegalStateException("every iovec is in use: capacity=" + capacity);
      }
      lastStart = address;
      lastBytes = length;
      vectors.set(ValueLayout.JAVA_LONG, count * LibcCalls.IOVEC_BYTES, lastStart);
      count++;
    }
    vectors.set(
        ValueLayout.JAVA_LONG,
        (count - 1) * LibcCalls.IOVEC_BYTES + LibcCalls.IOVEC_LENGTH_OFFSET,
        lastBytes);
    if (sourceCount == sources.length) {
      sources = Arrays.copyOf(sources, 2 * sourceCount);
      offsets = Arrays.copyOf(offsets, 2 * sourceCount);
      lengths = Arrays.copyOf(lengths, 2 * sourceCount);
    }
    sources[sourceCount] = segment;
    offsets[sourceCount] = offset;
    lengths[sourceCount++] = length;
    bytes += length;
  }

  /**
   * Makes this the part of {@code whole} after its first {@code skipBytes} bytes: the rest to write
   * after a short write. Allocates slices.
   *
   * @throws IllegalStateException if that takes more iovecs than this has.
   */
  public void setToRestOf(IoVectors whole, long skipBytes) {
    if (skipBytes < 0 || skipBytes > whole.bytes) {
      throw new IllegalArgumentException(
          "cannot skip more bytes than there are: skipBytes="
              + skipBytes
              + ", bytes="
              + whole.bytes);
    }
    clear();
    long skip = skipBytes;
    for (int i = 0; i < whole.sourceCount; i++) {
      MemorySegment source = whole.source(i);
      long skippedHere = Math.min(skip, source.byteSize());
      skip -= skippedHere;
      add(skippedHere == 0 ? source : source.asSlice(skippedHere));
    }
  }

  /** Returns the number of iovecs in use, at most the capacity. */
  public int count() {
    return count;
  }

  /** Returns the most iovecs this holds. */
  public int capacity() {
    return capacity;
  }

  /** Returns the bytes of all sources together. */
  public long bytes() {
    return bytes;
  }

  /** Returns the number of sources added, which merging does not reduce. */
  public int sourceCount() {
    return sourceCount;
  }

  /**
   * Returns an added source, in order of adding; a part of a segment as a slice.
   *
   * @param i from 0 to {@link #sourceCount()} exclusive.
   */
  public MemorySegment source(int i) {
    MemorySegment source = i < sourceCount ? sources[i] : null;
    if (source == null) {
      throw new IndexOutOfBoundsException("no such source: i=" + i + ", count=" + sourceCount);
    }
    return lengths[i] == source.byteSize() ? source : source.asSlice(offsets[i], lengths[i]);
  }

  /** Returns the address of the first {@code struct iovec}; valid until {@link #close()}. */
  public long address() {
    return vectors.address();
  }

  /** Frees the array, not the sources. No write that uses it may be in flight. Idempotent. */
  @Override
  public void close() {
    if (closesArena && arena.scope().isAlive()) {
      clear();
      arena.close();
    }
  }

  MemorySegment vectors() {
    return vectors;
  }

  private boolean isBehindLast(long address) {
    return count > 0 && lastStart + lastBytes == address;
  }
}
