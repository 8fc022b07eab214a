package io.ashlar.store.index;

import io.ashlar.store.format.IndexCheckpointEntries;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.store.format.OperationFormat;

/**
 * Loads many entries into an index that nobody reads yet.
 *
 * <p>An index checkpoint has its entries in the order of their buckets, and operations of the log
 * can be put into it. So some buckets are open at a time, their slots on the heap, where new
 * entries are made up too, and both are copied to their places whole: a tenth of the work of
 * putting entries one by one, while the JVM has compiled little. Evicted blobs and tombstones are
 * written one by one, and what does not fit (an id that is there already, a bucket that is full)
 * goes the ordinary way, {@link BlobIndex#load}.
 *
 * <p>Thread: the index's writer. Memory: about 110 KiB of heap.
 */
public final class IndexLoader {

  private static final int BUCKETS_OPEN = 4; // the depths of then and now may differ by a split

  /**
   * How many entries a call of the one loop takes. HotSpot looks at a method's counters every 1,024
   * calls, and at a loop's every 8,192 rounds; with so few rounds a call it compiles the method
   * first. With twice as many it compiles the loop first, to be entered in the middle of a call
   * that is nearly over, and once more from its inner loop, before the method has its turn.
   */
  static final int ENTRIES_A_STEP = 16;

  private static final int FREE = EntryTable.NONE;

  private final BlobIndex index;
  private final long hashSeed;
  private final EntryTable entries;
  private final EntryRun run;
  private final OpenBucket[] open = new OpenBucket[BUCKETS_OPEN];
  private int oldest;
  private OpenBucket last;
  private final BlobLocation location = new BlobLocation();
  private final BlobLocation absent = new BlobLocation();

  private final long[] found = new long[EntryTable.ENTRY_WORDS];
  private int slot; // where the last search ended
  private long storedBytes;
  private long storedCount;

  /** Creates one; {@link #finish} must come before anything else is done with the index. */
  public IndexLoader(BlobIndex index) {
    this.index = index;
    hashSeed = index.hashSeed();
    entries = index.entries();
    run = new EntryRun(entries);
    for (int i = 0; i < BUCKETS_OPEN; i++) {
      open[i] = new OpenBucket();
    }
    last = open[0];
  }

  /** Loads all entries of a chunk, or those before one that is damaged; returns how many. */
  public long load(IndexCheckpointEntries chunk) {
    long loaded = 0;
    while (true) {
      int taken = storedRun(chunk.words(), chunk.nextOffset(), chunk.storedMax());
      chunk.skipStored(taken);
      loaded += taken;
      if (!chunk.next()) {
        return loaded;
      }
      loadOne(chunk);
      loaded++;
    }
  }

  /** Loads entries of stored blobs up to one that is special; returns how many. */
  private int storedRun(long[] from, int first, int most) {
    int done = 0;
    int taken = most;
    while (done < most && taken > 0) {
      taken = stored(from, first + done * IndexCheckpointEntries.STORED_WORDS, most - done);
      done += taken;
    }
    return done;
  }

  /**
   * Loads entries of stored blobs as long as there is nothing special about them: ids without an
   * entry, and no checksum tables.
   *
   * <p>One loop over arrays, with all that it does in it: that is one method for the JVM to compile
   * while an open waits, and one that it compiles well.
   *
   * @param from the words of entries, as {@link IndexCheckpointEntries} has them.
   * @param first where the first of them is.
   * @return how many, at most {@code most} and {@link #ENTRIES_A_STEP}.
   */
  int stored(long[] from, int first, int most) {
    int at = first;
    int max = Math.min(Math.min(ENTRIES_A_STEP, most), run.room());
    long[] into = run.words();
    int entryAt = run.nextOffset();
    int entry = run.nextNumber();
    OpenBucket bucket = last;
    long bytes = 0;
    int taken = 0;
    while (taken < max) {
      long idHigh = from[at + IndexCheckpointEntries.ID_HIGH];
      long idLow = from[at + IndexCheckpointEntries.ID_LOW];
      long start = from[at + IndexCheckpointEntries.START_BLOCK];
      long length = from[at + IndexCheckpointEntries.LENGTH];
      int hash = IdHash.hash(hashSeed, idHigh, idLow);
      if ((hash & bucket.mask) != bucket.prefix) {
        bucket = otherBucketOf(hash);
      }
      long[] words = bucket.words;
      int free = hash & Bucket.SLOT_MASK;
      long word = words[Bucket.HEADER_WORDS + free];
      while (word != 0 && (int) (word >>> Integer.SIZE) != hash) {
        free = (free + 1) & Bucket.SLOT_MASK;
        word = words[Bucket.HEADER_WORDS + free];
      }
      if (word != 0
          || (int) from[at] != IndexCheckpointEntries.PLAIN_STORED
          || length < 0
          || length > BlobLocation.LENGTH_MAX
          || start < 0
          || start > OperationFormat.BLOCK_MAX
          || bucket.count >= Bucket.COUNT_MAX) {
        break;
      }
      into[entryAt] = idHigh;
      into[entryAt + 1] = idLow;
      into[entryAt + 2] = start | EntryTable.STORED_PLACE;
      into[entryAt + 3] = from[at + IndexCheckpointEntries.ENTRY_VERSION];
      into[entryAt + 4] = (from[at] & 0xffff_ffff_0000_0000L) | length;
      words[Bucket.HEADER_WORDS + free] = ((long) hash << Integer.SIZE) | (entry + taken);
      bucket.count++;
      bytes += length;
      at += IndexCheckpointEntries.STORED_WORDS;
      entryAt += EntryTable.ENTRY_WORDS;
      taken++;
    }
    run.added(taken);
    storedCount += taken;
    storedBytes += bytes;
    return taken;
  }

  private void loadOne(IndexCheckpointEntries chunk) {
    switch (chunk.kind()) {
      case IndexCheckpointFormat.STORED ->
          stored(
              chunk.idHigh(),
              chunk.idLow(),
              chunk.startBlock(),
              chunk.length(),
              chunk.crc32c(),
              chunk.version(),
              chunk.hasTable());
      case IndexCheckpointFormat.EVICTED -> {
        location.setEvicted(
            chunk.length(),
            chunk.crc32c(),
            chunk.version(),
            chunk.cold(0),
            chunk.cold(1),
            chunk.cold(2));
        load(chunk.idHigh(), chunk.idLow(), location);
      }
      default -> {
        location.setTombstone(chunk.version());
        load(chunk.idHigh(), chunk.idLow(), location);
      }
    }
  }

  /** Loads the entry of a stored blob; replaces what the id had. */
  void stored(
      long idHigh,
      long idLow,
      long startBlock,
      int lengthBytes,
      int crc32c,
      long version,
      boolean table) {
    int hash = index.hash(idHigh, idLow);
    OpenBucket bucket = bucketOf(hash);
    if (bucket.isFull() || find(bucket, hash, idHigh, idLow) != FREE) {
      location.setStored(startBlock, lengthBytes, crc32c, version, table);
      finish();
      index.load(idHigh, idLow, location);
      return;
    }
    add(bucket, hash, idHigh, idLow, startBlock, lengthBytes, crc32c, version, table);
  }

  /** Loads any entry; replaces what the id had. */
  void load(long idHigh, long idLow, BlobLocation entry) {
    int hash = index.hash(idHigh, idLow);
    OpenBucket bucket = bucketOf(hash);
    if (bucket.isFull() || find(bucket, hash, idHigh, idLow) != FREE) {
      finish();
      index.load(idHigh, idLow, entry);
      return;
    }
    run.write(); // gives back the numbers that it has not used
    int cold = entries.reserveCold(entry, absent);
    bucket.add(slot, hash, entries.add(idHigh, idLow, entry, cold));
    index.counts().add(entry);
  }

  /**
   * Does what {@link BlobIndex#put} does, to any id.
   *
   * @param words the words of an entry, as {@link IndexCheckpointEntries} has them.
   * @param at where they are.
   */
  void put(long[] words, int at) {
    long idHigh = words[at + IndexCheckpointEntries.ID_HIGH];
    long idLow = words[at + IndexCheckpointEntries.ID_LOW];
    long startBlock = words[at + IndexCheckpointEntries.START_BLOCK];
    int lengthBytes = (int) words[at + IndexCheckpointEntries.LENGTH];
    int crc32c = (int) (words[at] >>> Integer.SIZE);
    long version = words[at + IndexCheckpointEntries.ENTRY_VERSION];
    boolean table = (int) words[at] != IndexCheckpointEntries.PLAIN_STORED;
    int hash = index.hash(idHigh, idLow);
    OpenBucket bucket = bucketOf(hash);
    int entry = find(bucket, hash, idHigh, idLow);
    if (entry == FREE && !bucket.isFull()) {
      add(bucket, hash, idHigh, idLow, startBlock, lengthBytes, crc32c, version, table);
    } else if (entry != FREE && EntryTable.isStored(found, 0)) {
      storedBytes += lengthBytes - EntryTable.lengthBytes(found, 0);
      int changes = (EntryTable.changeCount(found, 0) + 1) % BlobLocation.CHANGE_COUNT_MAX;
      EntryTable.encodeStored(
          found, 0, idHigh, idLow, startBlock, lengthBytes, crc32c, version, table, changes);
      run.change(entry, found);
    } else {
      putOne(words, at);
    }
  }

  /** Does what {@link #put} does in the ordinary way, with no bucket open. */
  void putOne(long[] words, int at) {
    finish();
    boolean _ =
        index.put(
            words[at + IndexCheckpointEntries.ID_HIGH],
            words[at + IndexCheckpointEntries.ID_LOW],
            words[at + IndexCheckpointEntries.START_BLOCK],
            (int) words[at + IndexCheckpointEntries.LENGTH],
            (int) (words[at] >>> Integer.SIZE),
            words[at + IndexCheckpointEntries.ENTRY_VERSION],
            (int) words[at] != IndexCheckpointEntries.PLAIN_STORED,
            null);
  }

  /** Completes what is in the making. */
  public void finish() {
    run.write();
    for (OpenBucket bucket : open) {
      bucket.close();
    }
    index.counts().addStored(storedCount, storedBytes);
    storedCount = 0;
    storedBytes = 0;
  }

  private OpenBucket bucketOf(int hash) {
    OpenBucket bucket = last;
    return bucket.owns(hash) ? bucket : otherBucketOf(hash);
  }

  private OpenBucket otherBucketOf(int hash) {
    for (OpenBucket candidate : open) {
      if (candidate.owns(hash)) {
        last = candidate;
        return candidate;
      }
    }
    last = open[oldest];
    oldest = (oldest + 1) % BUCKETS_OPEN;
    last.open(index.directory().bucketOf(hash));
    return last;
  }

  /**
   * Returns an id's entry, whose words are {@link #found} then, or {@link #FREE}: then {@link
   * #slot} is where it would be.
   */
  private int find(OpenBucket bucket, int hash, long idHigh, long idLow) {
    int at = probe(bucket.words, Bucket.home(hash), hash);
    long word = bucket.slot(at);
    while (word != 0) {
      int entry = Bucket.entryOf(word);
      run.read(entry, found);
      if (EntryTable.isOf(found, 0, idHigh, idLow)) {
        return entry;
      }
      at = probe(bucket.words, Bucket.next(at), hash);
      word = bucket.slot(at);
    }
    slot = at;
    return FREE;
  }

  /**
   * Returns the first slot from {@code from} on that is empty or has this hash. {@link
   * Bucket#hashOf} and {@link Bucket#next} are written out: see decision 0031.
   */
  private static int probe(long[] words, int from, int hash) {
    int at = from;
    long word = words[Bucket.HEADER_WORDS + at];
    while (word != 0 && (int) (word >>> Integer.SIZE) != hash) {
      at = (at + 1) & Bucket.SLOT_MASK;
      word = words[Bucket.HEADER_WORDS + at];
    }
    return at;
  }

  private void add(
      OpenBucket bucket,
      int hash,
      long idHigh,
      long idLow,
      long startBlock,
      int lengthBytes,
      int crc32c,
      long version,
      boolean table) {
    int entry = run.add(idHigh, idLow, startBlock, lengthBytes, crc32c, version, table);
    bucket.add(slot, hash, entry);
    storedCount++;
    storedBytes += lengthBytes;
  }
}
