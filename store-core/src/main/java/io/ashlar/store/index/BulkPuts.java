package io.ashlar.store.index;

import io.ashlar.store.format.EntryFormat;
import io.ashlar.store.format.IdHash;
import org.jspecify.annotations.Nullable;

/**
 * Puts many blobs into an index without readers yet.
 *
 * <p>Blobs come roughly bucket by bucket, and the entries of a bucket lie close together. So a few
 * buckets and a few pages of entries are open on the heap at a time. New entries are made there,
 * and buckets and pages are copied to their places whole. While the JVM has compiled little, this
 * takes a tenth of the time of single puts. Special cases go through {@link BlobIndex#put}: an id
 * that is evicted or has a tombstone, and a full bucket.
 *
 * <p>Blobs are given as the words of their entries ({@link EntryFormat}), well formed, with a
 * change count of 0.
 *
 * <p>Thread: the index's writer. Memory: about 270 KiB of heap.
 */
final class BulkPuts {

  private static final int BUCKETS_OPEN = 4; // puts are sorted by no more than 12 bits
  private static final int PAGES_OPEN = 4;

  /**
   * How many entries a call of the one loop takes. HotSpot looks at a method's counters every 1,024
   * calls, and at a loop's counters every 8,192 rounds. With this few rounds a call, it compiles
   * the method first. With twice as many it compiles the loop first, for entry in the middle of a
   * call that is nearly over. Then it compiles the loop again from its inner loop, and the method
   * last.
   */
  static final int ENTRIES_A_STEP = 16;

  private final BlobIndex index;
  private final long hashSeed;
  private final EntryTable entries;
  private final EntryRun run;
  private final OpenBucket[] open = new OpenBucket[BUCKETS_OPEN];
  private int oldest;
  private OpenBucket last;

  private final EntryPage[] pages = new EntryPage[PAGES_OPEN];
  private int oldestPage;
  private EntryPage lastPage;
  private long storedBytes;
  private long storedCount;

  /** Creates one; {@link #finish} must come before anything else is done with the index. */
  BulkPuts(BlobIndex index) {
    this.index = index;
    hashSeed = index.hashSeed();
    entries = index.entries();
    run = new EntryRun(entries);
    for (int i = 0; i < BUCKETS_OPEN; i++) {
      open[i] = new OpenBucket();
    }
    last = open[0];
    for (int i = 0; i < PAGES_OPEN; i++) {
      pages[i] = new EntryPage(entries);
    }
    lastPage = pages[0];
  }

  /**
   * Puts blobs as long as there is nothing special about them.
   *
   * <p>All the work is in one loop over arrays. So the JVM has one method to compile while an open
   * waits, and it compiles that well.
   *
   * @param first where the first of them is.
   * @return how many, at most {@code most} and {@link #ENTRIES_A_STEP}; 0 when the first of them is
   *     one for {@link #putOne}.
   */
  int putSome(long[] from, int first, int most) {
    int at = first;
    int max = Math.min(Math.min(ENTRIES_A_STEP, most), run.room());
    long[] made = run.words();
    int madeAt = run.nextOffset();
    int runFirst = run.firstNumber();
    int number = run.nextNumber();
    OpenBucket bucket = last;
    EntryPage page = lastPage;
    long bytes = 0;
    int added = 0;
    int taken = 0;
    while (taken < max) {
      long idHigh = from[at + EntryFormat.ID_HIGH];
      long idLow = from[at + EntryFormat.ID_LOW];
      long content = from[at + EntryFormat.CONTENT];
      int hash = IdHash.hash(hashSeed, idHigh, idLow);
      if ((hash & bucket.mask) != bucket.prefix) {
        bucket = otherBucketOf(hash);
      }
      long[] slots = bucket.words;
      int slot = hash & Bucket.SLOT_MASK;
      long word = slots[Bucket.HEADER_WORDS + slot];
      long[] known = made;
      int knownAt = 0;
      while (word != 0) {
        if ((int) (word >>> Integer.SIZE) == hash) {
          int entry = (int) word;
          if (entry >= runFirst) {
            known = made;
            knownAt = (entry - runFirst) * EntryFormat.WORDS;
          } else {
            if (entry < page.first || entry >= page.end) {
              page = otherPageOf(entry);
            }
            known = page.words;
            knownAt = (entry - page.first) * EntryFormat.WORDS;
          }
          if (known[knownAt + EntryFormat.ID_LOW] == idLow
              && known[knownAt + EntryFormat.ID_HIGH] == idHigh) {
            break;
          }
        }
        slot = (slot + 1) & Bucket.SLOT_MASK;
        word = slots[Bucket.HEADER_WORDS + slot];
      }
      if (word == 0) {
        if (bucket.count >= Bucket.COUNT_MAX) {
          break;
        }
        made[madeAt + EntryFormat.ID_HIGH] = idHigh;
        made[madeAt + EntryFormat.ID_LOW] = idLow;
        made[madeAt + EntryFormat.PLACE] = from[at + EntryFormat.PLACE];
        made[madeAt + EntryFormat.VERSION] = from[at + EntryFormat.VERSION];
        made[madeAt + EntryFormat.CONTENT] = content;
        slots[Bucket.HEADER_WORDS + slot] = ((long) hash << Integer.SIZE) | number;
        bucket.count++;
        madeAt += EntryFormat.WORDS;
        number++;
        added++;
      } else {
        long place = known[knownAt + EntryFormat.PLACE];
        if (place >>> EntryFormat.KIND_SHIFT != EntryFormat.STORED) {
          break;
        }
        known[knownAt + EntryFormat.PLACE] =
            from[at + EntryFormat.PLACE] | ((place + EntryFormat.CHANGE) & EntryFormat.CHANGE_MASK);
        known[knownAt + EntryFormat.VERSION] = from[at + EntryFormat.VERSION];
        bytes -= known[knownAt + EntryFormat.CONTENT] & EntryFormat.LENGTH_MASK;
        known[knownAt + EntryFormat.CONTENT] = content;
        page.changed |= (int) word < runFirst;
      }
      bytes += content & EntryFormat.LENGTH_MASK;
      at += EntryFormat.WORDS;
      taken++;
    }
    run.added(added);
    storedCount += added;
    storedBytes += bytes;
    return taken;
  }

  /** Puts any blob in the ordinary way, with no bucket open. */
  void putOne(long[] words, int at) {
    finish();
    long content = words[at + EntryFormat.CONTENT];
    boolean _ =
        index.put(
            words[at + EntryFormat.ID_HIGH],
            words[at + EntryFormat.ID_LOW],
            EntryFormat.block(words[at + EntryFormat.PLACE]),
            EntryFormat.lengthBytes(content),
            EntryFormat.crc32c(content),
            words[at + EntryFormat.VERSION],
            EntryFormat.hasTable(content),
            null);
  }

  /** Completes the unfinished buckets and pages. */
  void finish() {
    run.write();
    for (EntryPage page : pages) {
      page.close();
    }
    for (OpenBucket bucket : open) {
      bucket.close();
    }
    index.counts().addStored(storedCount, storedBytes);
    storedCount = 0;
    storedBytes = 0;
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

  private EntryPage otherPageOf(int entry) {
    @Nullable EntryPage free = null;
    for (EntryPage candidate : pages) {
      if (candidate.has(entry)) {
        lastPage = candidate;
        return candidate;
      }
      if (candidate.endsBefore(entry)) { // as there were not so many entries; never twice
        free = candidate;
      }
    }
    if (free == null) {
      free = pages[oldestPage];
      oldestPage = (oldestPage + 1) % PAGES_OPEN;
    }
    free.open(entry, run.firstNumber());
    lastPage = free;
    return free;
  }
}
