package io.ashlar.store.index;

import io.ashlar.store.format.EntryFormat;
import io.ashlar.store.format.IdHash;
import io.ashlar.store.format.LogOperations;
import io.ashlar.store.format.LogRecord;
import io.ashlar.store.format.OperationFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Applies the operations of many log records to an index without readers yet, bucket by bucket.
 *
 * <p><b>The result</b> is that of {@link OperationApplier} for one operation after another, in the
 * order in which they were added. All operations of an id are in one bucket. Those of a bucket keep
 * their order, and operations of different ids are independent.
 *
 * <p>Puts go through {@link BulkPuts}. All other operations, and puts that it leaves out, go
 * through the applier.
 *
 * <p>Thread: the index's writer. Memory: on the heap, 70 bytes an operation, of {@value
 * #OPERATIONS_MAX} and one record's at most.
 */
public final class OperationBatch {

  private static final int PAGE_WORDS = 1 << 14;
  private static final int WORDS_MAX = OperationFormat.EVICT_BYTES / Long.BYTES + 1;
  private static final int ENTRY_WORDS = EntryFormat.WORDS;
  private static final long STORED_PLACE = EntryFormat.place(EntryFormat.STORED, 0, 0);
  private static final int OPERATIONS_MIN = 1 << 10;
  private static final int OPERATIONS_MAX = 1 << 15;
  private static final int SORT_BITS_MAX = 12;
  private static final int A_STEP = BulkPuts.ENTRIES_A_STEP;

  private final BlobIndex index;
  private final long hashSeed;
  private final OperationApplier applier;
  private final BulkPuts puts;
  private final Runnable beforeApplying;
  private final LogOperations waiting = new LogOperations();
  private final MemorySegment single = Arena.ofAuto().allocate(OperationFormat.EVICT_BYTES, 8);

  // Arrays of half a region of the smallest heaps would be humongous objects to the collector.
  private final List<long[]> pages = new ArrayList<>();
  private int pageCount; // in use
  private int pageWords; // in use in the last of them

  // Of each operation its hash and its position in the pages. A put lies there as an entry. Any
  // other operation lies there as its record's number and then its bytes; its position is ~ of
  // that.
  private int[] positions = new int[OPERATIONS_MIN];
  private int[] hashes = new int[OPERATIONS_MIN];
  private int count;
  private int putCount;

  private int[] order = new int[0]; // numbers of operations, those of a bucket together
  private final long[] step = new long[A_STEP * ENTRY_WORDS]; // puts in that order
  private int stepCount;

  /**
   * Creates one over an index and what applies single operations to it.
   *
   * @param beforeApplying runs before anything is applied, each time; the index may be another
   *     thread's until it returns. {@link #add} or {@link #apply} passes on its exceptions.
   */
  public OperationBatch(BlobIndex index, OperationApplier applier, Runnable beforeApplying) {
    this.index = index;
    hashSeed = index.hashSeed();
    this.applier = applier;
    this.beforeApplying = beforeApplying;
    puts = new BulkPuts(index);
  }

  /**
   * Adds the operations of a record, and applies those that wait when they are many.
   *
   * @param sequence the record's number.
   */
  public void add(LogRecord record, long sequence) {
    LogOperations operations = record.operations();
    while (takeSome(operations, sequence)) {}
    if (count >= OPERATIONS_MAX) {
      apply();
    }
  }

  private boolean takeSome(LogOperations operations, long sequence) {
    makeRoom();
    int taken =
        takePuts(
            operations.words(),
            operations.nextOffset(),
            Math.min(A_STEP - 1, operations.putsMax()),
            sequence);
    operations.skipPuts(taken);
    if (!operations.next()) {
      return false;
    }
    takeOne(operations, sequence);
    return true;
  }

  /**
   * Takes puts without checksum tables, as the entries that they become: so few that the JVM soon
   * compiles this, in one loop over arrays.
   */
  private int takePuts(long[] from, int first, int most, long sequence) {
    long[] page = pages.get(pageCount - 1);
    int pageStart = (pageCount - 1) * PAGE_WORDS;
    int into = pageWords;
    int at = first;
    int taken = 0;
    while (taken < most && (int) from[at] == LogOperations.PLAIN_PUT) {
      long idHigh = from[at + LogOperations.ID_HIGH];
      long idLow = from[at + LogOperations.ID_LOW];
      page[into + EntryFormat.ID_HIGH] = idHigh;
      page[into + EntryFormat.ID_LOW] = idLow;
      page[into + EntryFormat.PLACE] = from[at + LogOperations.START_BLOCK] | STORED_PLACE;
      page[into + EntryFormat.VERSION] = sequence;
      page[into + EntryFormat.CONTENT] =
          (from[at] & LogOperations.CRC32C_MASK) | from[at + LogOperations.LENGTH];
      positions[count + taken] = pageStart + into;
      hashes[count + taken] = IdHash.hash(hashSeed, idHigh, idLow);
      at += LogOperations.PUT_WORDS;
      into += ENTRY_WORDS;
      taken++;
    }
    pageWords = into;
    count += taken;
    putCount += taken;
    return taken;
  }

  private void takeOne(LogOperations operations, long sequence) {
    long[] page = pages.get(pageCount - 1);
    int position = (pageCount - 1) * PAGE_WORDS + pageWords;
    hashes[count] = IdHash.hash(hashSeed, operations.idHigh(), operations.idLow());
    if (operations.kind() == OperationFormat.PUT) {
      positions[count] = position;
      operations.copyAsEntry(page, pageWords, sequence);
      pageWords += ENTRY_WORDS;
      putCount++;
    } else {
      positions[count] = ~position;
      page[pageWords] = sequence;
      pageWords += 1 + operations.copyTo(page, pageWords + 1);
    }
    count++;
  }

  private void makeRoom() {
    if (pageCount == 0 || PAGE_WORDS - pageWords < A_STEP * WORDS_MAX) {
      if (pageCount == pages.size()) {
        pages.add(new long[PAGE_WORDS]);
      }
      pageCount++;
      pageWords = 0;
    }
    if (hashes.length - count < A_STEP) {
      int length = hashes.length < OPERATIONS_MAX ? 4 * hashes.length : 2 * hashes.length;
      positions = Arrays.copyOf(positions, length);
      hashes = Arrays.copyOf(hashes, length);
    }
  }

  /** Applies all operations that wait; then the index is as if they had come one by one. */
  public void apply() {
    beforeApplying.run();
    if (2 * putCount >= count) {
      sort();
      int done = 0;
      while (done < count) {
        done = applyStep(done);
      }
      applyPuts();
    } else { // around each that is no put, buckets are closed and opened
      for (int number = 0; number < count; number++) {
        applyOne(number);
      }
    }
    puts.finish();
    pageCount = 0;
    count = 0;
    putCount = 0;
  }

  /** Sorts by bucket; operations of one bucket stay in order. */
  private void sort() {
    int bits = Math.min(SORT_BITS_MAX, index.directory().depth());
    int[] ends = new int[1 << bits];
    for (int i = 0; i < count; i++) {
      ends[bucketOf(hashes[i], bits)]++;
    }
    int end = 0;
    for (int bucket = 0; bucket < ends.length; bucket++) {
      end += ends[bucket];
      ends[bucket] = end;
    }
    if (order.length < count) {
      order = new int[count];
    }
    for (int i = count - 1; i >= 0; i--) {
      order[--ends[bucketOf(hashes[i], bits)]] = i;
    }
  }

  private static int bucketOf(int hash, int bits) {
    return (int) (Integer.toUnsignedLong(hash) >>> (Integer.SIZE - bits));
  }

  /** Applies some operations in the order of their buckets; returns where to continue. */
  private int applyStep(int from) {
    int to = Math.min(count, from + A_STEP);
    for (int i = from; i < to; i++) {
      int number = order[i];
      int position = positions[number];
      if (position < 0) {
        applyPuts();
        applyOne(number);
      } else {
        System.arraycopy(
            pages.get(position / PAGE_WORDS),
            position % PAGE_WORDS,
            step,
            stepCount * ENTRY_WORDS,
            ENTRY_WORDS);
        stepCount++;
        if (stepCount == A_STEP) {
          applyPuts();
        }
      }
    }
    return to;
  }

  private void applyPuts() {
    int done = 0;
    while (done < stepCount) {
      int some = puts.putSome(step, done * ENTRY_WORDS, stepCount - done);
      if (some == 0) {
        puts.putOne(step, done * ENTRY_WORDS);
        some = 1;
      }
      done += some;
    }
    stepCount = 0;
  }

  /**
   * Has the applier apply a single operation, given in the form of its record or as a put's entry.
   */
  private void applyOne(int number) {
    boolean put = positions[number] >= 0;
    int position = put ? positions[number] : ~positions[number];
    long[] page = pages.get(position / PAGE_WORDS);
    int offset = position % PAGE_WORDS;
    if (put) {
      puts.putOne(page, offset);
      return;
    }
    puts.finish();
    waiting.lookAt(page, offset + 1);
    waiting.writeTo(single);
    var _ = applier.apply(single, 0, 1, page[offset], (start, blocks) -> {});
  }
}
