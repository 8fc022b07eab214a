package io.ashlar.tier.pack;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.BlobChange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The changes that one pass looks at, off the heap, 48 bytes each. So the visit of the index ends
 * before the first request is made.
 *
 * <pre>
 * 0 sequence, 8 start block, 16 id high, 24 id low, 32 length, 40 CRC-32C (4), 44 1: stored (4)
 * </pre>
 *
 * <p>The index is visited in the order of a hash; {@link #sort} restores the order of time. So
 * blobs that were written together lie in one batch, and reading them back costs one GET.
 *
 * <p>Thread: the one that made it; once sorted, any may read. Memory: its own, freed by close.
 */
public final class ChangeList implements AutoCloseable {
  private static final long CHANGE_BYTES = 48;
  private static final int CHUNK_CHANGES = 2_048;
  private static final long INSERTION_SORT_MAX = 12;

  /** How many changes are sorted in one step. */
  private static final long RESTED_CHANGES = 2_048;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> chunks = new ArrayList<>();
  private long size;
  private long storedCount;
  private long storedBytes;

  /** Adds a change that left a blob in the data file, or a delete. */
  public void add(BlobChange change) {
    if (size % CHUNK_CHANGES == 0) {
      chunks.add(arena.allocate(CHUNK_CHANGES * CHANGE_BYTES, Long.BYTES));
    }
    boolean stored = change.kind() == BlobChange.Kind.STORED;
    MemorySegment chunk = chunks.getLast();
    long at = offset(size);
    chunk.set(LONG, at, change.sequence());
    chunk.set(LONG, at + 8, change.startBlock());
    chunk.set(LONG, at + 16, change.id().high());
    chunk.set(LONG, at + 24, change.id().low());
    chunk.set(LONG, at + 32, change.length());
    chunk.set(INT, at + 40, change.crc32c());
    chunk.set(INT, at + 44, stored ? 1 : 0);
    size++;
    if (stored) {
      storedCount++;
      storedBytes += change.length();
    }
  }

  public BlobChange get(long index) {
    MemorySegment chunk = chunk(index);
    long at = offset(index);
    return new BlobChange(
        new BlobId(chunk.get(LONG, at + 16), chunk.get(LONG, at + 24)),
        chunk.get(LONG, at),
        isStored(index) ? BlobChange.Kind.STORED : BlobChange.Kind.DELETED,
        length(index),
        chunk.get(INT, at + 40),
        chunk.get(LONG, at + 8));
  }

  /** Whether a change left a blob in the data file. */
  boolean isStored(long index) {
    return chunk(index).get(INT, offset(index) + 44) == 1;
  }

  /** Bytes of a change's blob. */
  long length(long index) {
    return chunk(index).get(LONG, offset(index) + 32);
  }

  private MemorySegment chunk(long index) {
    return chunks.get((int) (index / CHUNK_CHANGES));
  }

  private static long offset(long index) {
    return index % CHUNK_CHANGES * CHANGE_BYTES;
  }

  public long size() {
    return size;
  }

  /** Changes that left a blob in the data file. */
  public long storedCount() {
    return storedCount;
  }

  /** The bytes of those blobs. */
  public long storedBytes() {
    return storedBytes;
  }

  /**
   * Sorts by sequence, and those of one record by where they lie, in place.
   *
   * @param work rests now and then.
   */
  public void sort(BackgroundWork work) {
    sort(0, size - 1, work);
  }

  /** Quicksort with the median of three; recurses into the smaller side only. */
  private void sort(long from, long to, BackgroundWork work) {
    long low = from;
    long high = to;
    while (high - low > INSERTION_SORT_MAX) {
      if (high - low > RESTED_CHANGES) {
        work.rest(0);
      }
      long middle = (low + high) >>> 1;
      order(low, middle);
      order(middle, high);
      order(low, middle);
      long sequence = chunk(middle).get(LONG, offset(middle));
      long block = chunk(middle).get(LONG, offset(middle) + 8);
      long i = low;
      long j = high;
      while (i <= j) {
        while (compare(i, sequence, block) < 0) {
          i++;
        }
        while (compare(j, sequence, block) > 0) {
          j--;
        }
        if (i <= j) {
          swap(i++, j--);
        }
      }
      if (j - low < high - i) {
        sort(low, j, work);
        low = i;
      } else {
        sort(i, high, work);
        high = j;
      }
    }
    for (long i = low + 1; i <= high; i++) {
      for (long j = i; j > low; j--) {
        order(j - 1, j);
      }
    }
  }

  private void order(long first, long second) {
    MemorySegment chunk = chunk(second);
    long at = offset(second);
    if (compare(first, chunk.get(LONG, at), chunk.get(LONG, at + 8)) > 0) {
      swap(first, second);
    }
  }

  private int compare(long index, long sequence, long block) {
    MemorySegment chunk = chunk(index);
    long at = offset(index);
    int bySequence = Long.compare(chunk.get(LONG, at), sequence);
    return bySequence != 0 ? bySequence : Long.compare(chunk.get(LONG, at + 8), block);
  }

  private void swap(long first, long second) {
    MemorySegment a = chunk(first);
    MemorySegment b = chunk(second);
    long atA = offset(first);
    long atB = offset(second);
    for (long i = 0; i < CHANGE_BYTES; i += Long.BYTES) {
      long held = a.get(LONG, atA + i);
      a.set(LONG, atA + i, b.get(LONG, atB + i));
      b.set(LONG, atB + i, held);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
