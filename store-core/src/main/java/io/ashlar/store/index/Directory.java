package io.ashlar.store.index;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the bucket of a hash, and splits buckets that are full.
 *
 * <p>A split fills two fresh buckets beside the full one, publishes them, and only then retires the
 * full one (its version stays odd until it is recycled). Readers continue meanwhile. One that still
 * uses the full bucket may finish before the bucket is retired, and so before any later change.
 * Otherwise it sees the odd version and looks here again. A split moves 1,792 words of 8 bytes,
 * without looking at the entries, in about 20 µs. The writer has only two longer stops: the first
 * touch of a new chunk's huge page (about 0.6 ms), and a doubling of the table (4 to 8 bytes per
 * bucket).
 *
 * <p>Buckets are never merged. Thread: {@link #bucketOf} any; the rest the index's writer.
 */
final class Directory implements AutoCloseable {
  private static final int SLOTS_A_STEP = 32;
  private static final VarHandle TABLE;
  private static final VarHandle ELEMENT =
      MethodHandles.arrayElementVarHandle(MemorySegment[].class);

  static {
    try {
      TABLE = MethodHandles.lookup().findVarHandle(Directory.class, "table", Table.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  /** The buckets by the leading {@code depth} bits of the hash; elements are set by release. */
  private static final class Table {
    final MemorySegment[] buckets;
    final int depth;

    Table(MemorySegment[] buckets, int depth) {
      this.buckets = buckets;
      this.depth = depth;
    }

    int indexOf(int hash) {
      return (int) ((hash & 0xffffffffL) >>> (Integer.SIZE - depth));
    }

    Table doubled() {
      MemorySegment[] twice = new MemorySegment[2 * buckets.length];
      for (int i = 0; i < twice.length; i++) {
        twice[i] = buckets[i / 2];
      }
      return new Table(twice, depth + 1);
    }
  }

  /** The words of a bucket that is split, and of the two that it becomes. */
  private static final class Scratch {
    final long[] full = new long[Bucket.WORDS];
    final long[] zero = new long[Bucket.WORDS];
    final long[] one = new long[Bucket.WORDS];
  }

  private final RecordSlab slab;
  private @Nullable Scratch scratch; // 50 KiB of heap, from the first split on
  private MemorySegment[] spare = new MemorySegment[4];
  private int spareCount;

  @SuppressWarnings("UnusedVariable") // written by the writer (release), read by any (acquire)
  private @Nullable Table table;

  /**
   * Creates a directory of one empty bucket.
   *
   * @param arena where the memory of buckets lies; shared, somebody else's to close.
   */
  Directory(Arena arena) {
    slab = new RecordSlab(arena, Bucket.BYTES, Integer.MAX_VALUE);
    ensureSpare(1);
    MemorySegment bucket = newBucket(0, 0, new long[Bucket.WORDS], 0);
    TABLE.setRelease(this, new Table(new MemorySegment[] {bucket}, 0));
  }

  /**
   * Makes room for the buckets of an index checkpoint, in an index without entries and without
   * readers until all are {@linkplain #install installed}.
   */
  void clear() {
    MemorySegment only = bucketOf(0);
    assert Bucket.depth(only) == 0 && Bucket.count(only) == 0 : "there are entries";
    Bucket.beginChange(only);
    addSpare(only);
  }

  /** Maps memory for this many future buckets; see {@link RecordSlab#reserve}. */
  List<MemorySegment> reserve(long count) {
    return slab.reserve(count);
  }

  /**
   * Puts a bucket in its place.
   *
   * @param depth at most {@link Bucket#DEPTH_MAX}.
   * @param words its words as {@link Bucket} has them; the header is overwritten.
   */
  void install(int prefix, int depth, long[] words, int count) {
    MemorySegment bucket = neverUsed();
    Bucket.create(bucket, prefix, depth, words, count);
    Table known = table();
    while (known.depth < depth) {
      known = known.doubled();
    }
    publish(known, known.indexOf(prefix), 1 << (known.depth - depth), bucket);
    TABLE.setRelease(this, known);
  }

  /** Installs as few empty buckets as there can be for the hashes of a range. */
  void installEmpty(long from, long to) {
    long[] words = new long[Bucket.WORDS];
    for (long at = from; at < to; ) {
      // The longest range that begins here: aligned to its length, and within the rest.
      long length = at == 0 ? 1L << Integer.SIZE : Long.lowestOneBit(at);
      while (length > to - at) {
        length >>>= 1;
      }
      install((int) at, Integer.SIZE - Long.numberOfTrailingZeros(length), words, 0);
      at += length;
    }
  }

  /**
   * Returns the bucket to search; the caller must check that it still {@link Bucket#owns} the hash.
   *
   * @throws IllegalStateException if closed.
   */
  MemorySegment bucketOf(int hash) {
    Table known = table();
    return (MemorySegment) ELEMENT.getAcquire(known.buckets, known.indexOf(hash));
  }

  /** Returns how many leading bits of a hash are looked at to tell all buckets apart. */
  int depth() {
    return table().depth;
  }

  /**
   * Splits the bucket of a hash in two.
   *
   * @throws IllegalStateException if the index cannot grow further (nothing changed).
   * @throws io.ashlar.uring.NativeException if memory cannot be had (nothing changed).
   */
  void split(int hash) {
    MemorySegment full = bucketOf(hash);
    int depth = Bucket.depth(full) + 1;
    if (depth > Bucket.DEPTH_MAX) {
      throw new IllegalStateException("index is full: depth=" + (depth - 1));
    }
    ensureSpare(2);
    int bit = 1 << (Integer.SIZE - depth);
    int prefix = Bucket.prefix(full);
    Scratch scratch = scratch();
    long[] words = scratch.full;
    long[] zeroes = scratch.zero;
    long[] ones = scratch.one;
    Bucket.read(full, words);
    Bucket.empty(zeroes);
    Bucket.empty(ones);
    int count = 0;
    for (int slot = 0; slot < Bucket.SLOTS; slot += SLOTS_A_STEP) {
      count += Bucket.divide(words, slot, slot + SLOTS_A_STEP, bit, zeroes, ones);
    }
    MemorySegment zero = newBucket(prefix, depth, zeroes, Bucket.count(words) - count);
    MemorySegment one = newBucket(prefix | bit, depth, ones, count);
    publish(zero, one, prefix, bit, depth);
    Bucket.beginChange(full);
    addSpare(full);
  }

  /** Returns the bytes mapped; any thread. */
  long memoryBytes() {
    return slab.memoryBytes();
  }

  /** Lets later calls throw {@link IllegalStateException}; the arena unmaps the buckets. */
  @Override
  public void close() {
    TABLE.setRelease(this, (Table) null);
  }

  private Table table() {
    Table known = (@Nullable Table) TABLE.getAcquire(this);
    if (known == null) {
      throw new IllegalStateException("index is closed");
    }
    return known;
  }

  private void publish(MemorySegment zero, MemorySegment one, int prefix, int bit, int depth) {
    Table known = table();
    if (depth > known.depth) {
      known = known.doubled();
    }
    int elements = 1 << (known.depth - depth);
    int firstZero = known.indexOf(prefix);
    int firstOne = known.indexOf(prefix | bit);
    // The upper half first: a walk that has seen the lower half must not meet the full bucket
    // again.
    publish(known, firstOne, elements, one);
    publish(known, firstZero, elements, zero);
    TABLE.setRelease(this, known);
  }

  private static void publish(Table table, int first, int elements, MemorySegment bucket) {
    for (int i = 0; i < elements; i++) {
      ELEMENT.setRelease(table.buckets, first + i, bucket);
    }
  }

  private Scratch scratch() {
    Scratch known = scratch;
    if (known == null) {
      known = new Scratch();
      scratch = known;
    }
    return known;
  }

  private MemorySegment newBucket(int prefix, int depth, long[] words, int count) {
    MemorySegment bucket = spare[--spareCount];
    Bucket.install(bucket, prefix, depth, words, count);
    return bucket;
  }

  private void ensureSpare(int count) {
    while (spareCount < count) {
      addSpare(neverUsed());
    }
  }

  private MemorySegment neverUsed() {
    int number = slab.allocate();
    return slab.chunkOf(number).asSlice(slab.offsetOf(number), Bucket.BYTES);
  }

  private void addSpare(MemorySegment bucket) {
    if (spareCount == spare.length) {
      spare = Arrays.copyOf(spare, 2 * spareCount);
    }
    spare[spareCount++] = bucket;
  }
}
