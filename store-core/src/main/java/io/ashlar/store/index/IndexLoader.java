package io.ashlar.store.index;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Loads many entries into an index that nobody reads yet.
 *
 * <p>An index checkpoint has its entries in the order of their buckets. So each bucket that is
 * empty when its first entry comes is made up on the heap, as are the entries themselves, and
 * copied when it is complete: a tenth of the work of putting entries one by one, while the JVM has
 * compiled little. Whatever does not fit that (an id that is there already, a bucket that has
 * entries, an evicted blob or a tombstone) goes the ordinary way, {@link BlobIndex#load}.
 *
 * <p>Thread: the index's writer. Memory: about 150 KiB of heap.
 */
public final class IndexLoader {

  private static final int BUCKETS_OPEN = 4; // the depths of then and now may differ by a split
  private static final int RUN_ENTRIES = 1024;
  private static final int ENTRY_WORDS = EntryTable.ENTRY_BYTES / Long.BYTES;

  /** A bucket in the making. */
  private static final class OpenBucket {
    private MemorySegment bucket = MemorySegment.NULL;
    private long address;
    private final long[] slots = new long[Bucket.SLOTS];
    private int count;
  }

  private final BlobIndex index;
  private final OpenBucket[] open = new OpenBucket[BUCKETS_OPEN];
  private int oldest;

  private final long[] run = new long[RUN_ENTRIES * ENTRY_WORDS]; // entries not yet written
  private int runFirst;
  private int runCount;
  private long storedBytes;
  private long storedCount;

  /** Creates one; {@link #finish} must come before anything else is done with the index. */
  public IndexLoader(BlobIndex index) {
    this.index = index;
    for (int i = 0; i < BUCKETS_OPEN; i++) {
      open[i] = new OpenBucket();
    }
  }

  /** Loads the entry of a stored blob; replaces what the id had. */
  public void stored(
      long idHigh,
      long idLow,
      long startBlock,
      int lengthBytes,
      int crc32c,
      long version,
      boolean table,
      BlobLocation scratch) {
    int hash = index.hash(idHigh, idLow);
    OpenBucket bucket = bucketFor(hash);
    int slot = bucket == null ? -1 : freeSlot(bucket, hash, idHigh, idLow);
    if (bucket == null || slot < 0) {
      scratch.setStored(startBlock, lengthBytes, crc32c, version, table);
      load(idHigh, idLow, scratch);
      return;
    }
    int entry = index.entries().allocate();
    if (entry != runFirst + runCount
        || runCount == RUN_ENTRIES
        || index.entries().isFirstOfChunk(entry)) {
      writeRun();
      runFirst = entry;
    }
    EntryTable.encodeStored(
        run,
        runCount * ENTRY_WORDS,
        idHigh,
        idLow,
        startBlock,
        lengthBytes,
        crc32c,
        version,
        table);
    runCount++;
    bucket.slots[slot] = Bucket.word(hash, entry);
    bucket.count++;
    storedCount++;
    storedBytes += lengthBytes;
  }

  /** Loads any entry; replaces what the id had. */
  public void load(long idHigh, long idLow, BlobLocation entry) {
    finish();
    index.load(idHigh, idLow, entry);
  }

  /** Completes what is in the making. */
  public void finish() {
    writeRun();
    for (OpenBucket bucket : open) {
      complete(bucket);
    }
    index.counts().addStored(storedCount, storedBytes);
    storedCount = 0;
    storedBytes = 0;
  }

  /** Returns the bucket in the making that a hash belongs to, or null when it cannot be made. */
  private @Nullable OpenBucket bucketFor(int hash) {
    MemorySegment bucket = index.directory().bucketOf(hash);
    for (OpenBucket candidate : open) {
      if (candidate.address == bucket.address()) {
        return candidate.count < Bucket.COUNT_MAX ? candidate : null;
      }
    }
    if (Bucket.count(bucket) > 0) {
      return null;
    }
    OpenBucket made = open[oldest];
    oldest = (oldest + 1) % BUCKETS_OPEN;
    complete(made);
    made.bucket = bucket;
    made.address = bucket.address();
    return made;
  }

  /** Returns the slot for an id's entry, or −1 when it has one. */
  private int freeSlot(OpenBucket bucket, int hash, long idHigh, long idLow) {
    int slot = Bucket.home(hash);
    for (long word = bucket.slots[slot]; word != 0; word = bucket.slots[slot]) {
      if (Bucket.hashOf(word) == hash && hasId(Bucket.entryOf(word), idHigh, idLow)) {
        return -1;
      }
      slot = Bucket.next(slot);
    }
    return slot;
  }

  private boolean hasId(int entry, long idHigh, long idLow) {
    writeRun();
    return index.entries().hasId(entry, idHigh, idLow);
  }

  private void complete(OpenBucket made) {
    if (made.count > 0) {
      Bucket.beginChange(made.bucket);
      Bucket.fill(made.bucket, made.slots, made.count);
      Bucket.endChange(made.bucket);
      Arrays.fill(made.slots, 0);
      made.count = 0;
    }
    made.bucket = MemorySegment.NULL;
    made.address = 0;
  }

  private void writeRun() {
    if (runCount > 0) {
      index.entries().writeRun(runFirst, run, runCount);
    }
    runFirst = 0;
    runCount = 0;
  }
}
