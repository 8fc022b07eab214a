package io.ashlar.store.index;

import io.ashlar.store.format.EntryFormat;
import io.ashlar.store.format.IdHash;
import io.ashlar.store.format.IndexCheckpointBuckets;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.uring.TouchAhead;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads the buckets of an index checkpoint into an empty index without readers.
 *
 * <p>Each becomes the same bucket of the index as before. Its entries are copied to the table
 * unchanged, in one run. Its slots are built on the heap and copied to their place. One small loop
 * checks each entry and finds it a slot, because an open has millions of entries before the JVM has
 * compiled anything well.
 *
 * <p>Where most blobs were deleted a bucket has few entries, or none, and still takes 16 KiB. Their
 * hashes get as few buckets as can be, and they are put there one by one.
 *
 * <p>The first chunk tells how much memory the others need, which a thread touches from then on.
 *
 * <p>Thread: the index's writer. Memory: 17 KiB of heap.
 */
public final class CheckpointLoader implements AutoCloseable {

  private static final int WORDS = EntryFormat.WORDS;
  private static final int ENTRIES_A_STEP = BulkPuts.ENTRIES_A_STEP;

  /** More memory is not touched ahead, whatever the file claims (promise G12). */
  private static final long ENTRIES_TOUCHED_MAX = 4 << 20;

  private static final long BUCKETS_TOUCHED_MAX = ENTRIES_TOUCHED_MAX / 512;

  private static final long HASHES = 1L << Integer.SIZE;

  private final BlobIndex index;
  private final long checkpointBytes;
  private final long hashSeed;
  private final Directory directory;
  private final EntryTable entries;
  private final EntryCounts counts;
  private final long[] bucket = new long[Bucket.WORDS];
  private long loadedFrom = HASHES; // hashes from here on are loaded
  private @Nullable TouchAhead touching;
  private final BlobLocation location = new BlobLocation();
  // Of the bucket at hand:
  private long storedCount;
  private long storedBytes;
  private int coldCount;
  private boolean tombstones;

  /**
   * Creates one over an index without entries.
   *
   * @param checkpointBytes how long the checkpoint claims to be.
   */
  public CheckpointLoader(BlobIndex index, long checkpointBytes) {
    this.checkpointBytes = checkpointBytes;
    this.index = index;
    hashSeed = index.hashSeed();
    directory = index.directory();
    entries = index.entries();
    counts = index.counts();
  }

  /**
   * Loads all buckets of a chunk, those before a chunk that was loaded already; chunks come last
   * first. Rejects one that is not well formed, or not in its place: the index is of no use then.
   *
   * @return how many entries were loaded.
   */
  public long load(IndexCheckpointBuckets chunk) {
    long to = loadedFrom;
    boolean last = to == HASHES;
    if (last) {
      directory.clear();
    } else if (!IndexCheckpointFormat.isFull(chunk.bytes())) {
      chunk.reject();
      return 0;
    }
    boolean whole = !chunk.isSparse();
    long loaded = loadAll(chunk, whole);
    if (!whole && !chunk.isDamaged()) {
      directory.installEmpty(loadedFrom, to);
      chunk.rewind();
      while (chunk.next()) {
        loadOneByOne(chunk);
      }
    }
    if (last && whole && loaded > 0) {
      touchFor(chunk.bytes(), loaded, chunk.buckets());
    }
    return loaded;
  }

  /** Goes through all buckets; loads them, if {@code whole}. Returns how many entries they have. */
  private long loadAll(IndexCheckpointBuckets chunk, boolean whole) {
    long found = 0;
    long first = -1;
    long next = -1;
    while (chunk.next()) {
      int prefix = chunk.prefix();
      int depth = chunk.depth();
      long from = Integer.toUnsignedLong(prefix);
      boolean right =
          depth >= 0
              && depth <= Bucket.DEPTH_MAX
              && (prefix & ~Bucket.mask(depth)) == 0
              && (next < 0 || next == from)
              && (!whole || loadBucket(chunk));
      if (!right) {
        chunk.reject();
        return found;
      }
      first = first < 0 ? from : first;
      next = from + (HASHES >>> depth);
      found += chunk.entries();
    }
    if (next != loadedFrom) {
      chunk.reject();
    }
    loadedFrom = first;
    return found;
  }

  private void touchFor(long chunkBytes, long chunkEntries, long chunkBuckets) {
    long entriesMore =
        Math.min(ENTRIES_TOUCHED_MAX, chunkEntries * (checkpointBytes - chunkBytes) / chunkBytes);
    if (entriesMore <= 0) {
      return;
    }
    List<MemorySegment> forEntries = entries.reserve(entriesMore);
    List<MemorySegment> forBuckets =
        directory.reserve(Math.min(BUCKETS_TOUCHED_MAX, chunkBuckets * entriesMore / chunkEntries));
    List<MemorySegment> inTurn = new ArrayList<>();
    int perBucketChunk = 1 + forEntries.size() / Math.max(1, forBuckets.size());
    for (int i = 0; i < forEntries.size(); i++) {
      if (i % perBucketChunk == 0 && i / perBucketChunk < forBuckets.size()) {
        inTurn.add(forBuckets.get(i / perBucketChunk));
      }
      inTurn.add(forEntries.get(i));
    }
    if (!inTurn.isEmpty()) {
      touching = new TouchAhead("ashlar-index-touch", inTurn);
    }
  }

  /** Ends what this does beside loading. */
  @Override
  public void close() {
    if (touching != null) {
      touching.close();
    }
  }

  /** Returns whether there is a bucket for each hash. */
  public boolean isComplete() {
    return loadedFrom == 0;
  }

  private boolean loadBucket(IndexCheckpointBuckets chunk) {
    Bucket.empty(bucket);
    storedCount = 0;
    storedBytes = 0;
    coldCount = 0;
    tombstones = false;
    int count = chunk.entries();
    for (int done = 0; done < count; ) {
      int number = entries.endNumber();
      int run = entries.allocateRun(count - done); // ends where a chunk of memory does
      if (!takeRun(chunk, done, run, number)) {
        return false;
      }
      entries.writeWords(number, chunk.words(), done * WORDS, run);
      if (tombstones) {
        linkTombstones(chunk.words(), done, run, number);
      }
      done += run;
    }
    counts.addStored(storedCount, storedBytes);
    directory.install(chunk.prefix(), chunk.depth(), bucket, count);
    return coldCount == chunk.colds();
  }

  /** Checks entries, from one on, and finds slots for them. */
  private boolean takeRun(IndexCheckpointBuckets chunk, int first, int count, int number) {
    int done = 0;
    while (done < count) {
      int step = Math.min(ENTRIES_A_STEP, count - done);
      int taken =
          takeStored(
              chunk.words(), first + done, step, number + done, chunk.prefix(), chunk.depth());
      done += taken;
      if (taken < step) {
        if (!takeOne(chunk, first + done, number + done)) {
          return false;
        }
        done++;
      }
    }
    return true;
  }

  /**
   * Finds slots for entries of stored blobs as long as there is nothing special about them; so few
   * a call, and all in one loop, for the JVM's sake ({@link BulkPuts#ENTRIES_A_STEP}).
   *
   * @return how many, at most {@code most}.
   */
  private int takeStored(long[] words, int first, int most, int number, int prefix, int depth) {
    long[] slots = bucket;
    int mask = Bucket.mask(depth);
    int at = first * WORDS;
    long bytes = 0;
    int taken = 0;
    while (taken < most) {
      long place = words[at + EntryFormat.PLACE];
      long content = words[at + EntryFormat.CONTENT];
      int hash =
          IdHash.hash(hashSeed, words[at + EntryFormat.ID_HIGH], words[at + EntryFormat.ID_LOW]);
      int free = hash & Bucket.SLOT_MASK;
      long word = slots[Bucket.HEADER_WORDS + free];
      while (word != 0 && (int) (word >>> Integer.SIZE) != hash) {
        free = (free + 1) & Bucket.SLOT_MASK;
        word = slots[Bucket.HEADER_WORDS + free];
      }
      if (word != 0
          || (hash & mask) != prefix
          || place >>> EntryFormat.KIND_SHIFT != EntryFormat.STORED
          || (content & EntryFormat.LENGTH_MASK) > BlobLocation.LENGTH_MAX
          || (int) content == (int) EntryFormat.TABLE) { // a table, of no bytes
        break;
      }
      slots[Bucket.HEADER_WORDS + free] = ((long) hash << Integer.SIZE) | (number + taken);
      bytes += content & EntryFormat.LENGTH_MASK;
      at += WORDS;
      taken++;
    }
    storedCount += taken;
    storedBytes += bytes;
    return taken;
  }

  /** Does what {@link #takeStored} does, for any entry; returns whether it is well formed. */
  private boolean takeOne(IndexCheckpointBuckets chunk, int index, int number) {
    long[] words = chunk.words();
    int at = index * WORDS;
    long place = words[at + EntryFormat.PLACE];
    long content = words[at + EntryFormat.CONTENT];
    int hash =
        IdHash.hash(hashSeed, words[at + EntryFormat.ID_HIGH], words[at + EntryFormat.ID_LOW]);
    if (!isRight(chunk, at, hash) || !takeSlot(words, index, hash, number)) {
      return false;
    }
    EntryTable.decode(place, 0, content, location);
    counts.add(location);
    switch (EntryFormat.kind(place)) {
      case EntryFormat.EVICTED -> {
        int cold =
            entries.addCold(
                chunk.cold(coldCount, 0), chunk.cold(coldCount, 1), chunk.cold(coldCount, 2));
        words[at + EntryFormat.PLACE] =
            EntryFormat.place(EntryFormat.EVICTED, cold, EntryFormat.changeCount(place));
        coldCount++;
      }
      case EntryFormat.TOMBSTONE -> tombstones = true;
      default -> {}
    }
    return true;
  }

  /** Returns whether an entry is well formed, its bucket's, and has the next cold reference. */
  private boolean isRight(IndexCheckpointBuckets chunk, int at, int hash) {
    long place = chunk.words()[at + EntryFormat.PLACE];
    return EntryFormat.isWellFormed(place, chunk.words()[at + EntryFormat.CONTENT])
        && (hash & Bucket.mask(chunk.depth())) == chunk.prefix()
        && (EntryFormat.kind(place) != EntryFormat.EVICTED
            || (EntryFormat.block(place) == coldCount && coldCount < chunk.colds()));
  }

  /** Finds a slot for an id that may have another's hash; returns false when it comes again. */
  private boolean takeSlot(long[] words, int index, int hash, int number) {
    int slot = Bucket.home(hash);
    boolean sameHash = false;
    while (bucket[Bucket.HEADER_WORDS + slot] != 0) {
      sameHash |= Bucket.hashOf(bucket[Bucket.HEADER_WORDS + slot]) == hash;
      slot = Bucket.next(slot);
    }
    bucket[Bucket.HEADER_WORDS + slot] = Bucket.word(hash, number);
    int at = index * WORDS;
    for (int other = 0; sameHash && other < at; other += WORDS) {
      if (words[other + EntryFormat.ID_HIGH] == words[at + EntryFormat.ID_HIGH]
          && words[other + EntryFormat.ID_LOW] == words[at + EntryFormat.ID_LOW]) {
        return false;
      }
    }
    return true;
  }

  /** Puts the entries of a bucket, with their hashes' buckets in place. */
  private void loadOneByOne(IndexCheckpointBuckets chunk) {
    long[] words = chunk.words();
    coldCount = 0;
    for (int at = 0; at < chunk.entries() * WORDS; at += WORDS) {
      long idHigh = words[at + EntryFormat.ID_HIGH];
      long idLow = words[at + EntryFormat.ID_LOW];
      int hash = IdHash.hash(hashSeed, idHigh, idLow);
      if (!isRight(chunk, at, hash) || index.has(idHigh, idLow)) {
        chunk.reject();
        return;
      }
      EntryTable.decode(
          words[at + EntryFormat.PLACE],
          words[at + EntryFormat.VERSION],
          words[at + EntryFormat.CONTENT],
          location);
      if (location.kind() == BlobLocation.Kind.EVICTED) {
        location.setCold(
            chunk.cold(coldCount, 0), chunk.cold(coldCount, 1), chunk.cold(coldCount, 2));
        coldCount++;
      }
      index.load(idHigh, idLow, location);
    }
    if (coldCount != chunk.colds()) {
      chunk.reject();
    }
  }

  private void linkTombstones(long[] words, int first, int count, int number) {
    for (int i = 0; i < count; i++) {
      if (EntryFormat.kind(words[(first + i) * WORDS + EntryFormat.PLACE])
          == EntryFormat.TOMBSTONE) {
        entries.link(number + i);
      }
    }
  }
}
