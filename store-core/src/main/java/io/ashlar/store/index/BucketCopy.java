package io.ashlar.store.index;

import io.ashlar.store.format.EntryFormat;
import io.ashlar.store.format.IndexCheckpointFormat;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A consistent copy of all entries of one bucket, for those who may take their time.
 *
 * <p>Thread: its owner's only; it is made for one walk over the index.
 */
final class BucketCopy {
  private static final int COLD_WORDS = IndexCheckpointFormat.COLD_WORDS;

  // Entries as they are, but that places have the numbers of cold references among these.
  private final long[] words = new long[Bucket.SLOTS * EntryFormat.WORDS];
  private long[] cold = new long[0]; // most stores have nothing evicted
  private final BlobLocation location = new BlobLocation();
  private int count;
  private int coldCount;
  private int prefix;
  private int depth;

  /** Copies the bucket that owns a hash; retries while the writer changes it. */
  void fill(Directory directory, EntryTable entries, int hash) {
    while (!tryFill(directory.bucketOf(hash), entries, hash)) {
      Thread.onSpinWait();
    }
  }

  /** Calls the visitor with each entry. */
  void visit(EntryVisitor visitor) {
    for (int at = 0; at < count * EntryFormat.WORDS; at += EntryFormat.WORDS) {
      long place = words[at + EntryFormat.PLACE];
      EntryTable.decode(
          place, words[at + EntryFormat.VERSION], words[at + EntryFormat.CONTENT], location);
      if (location.kind() == BlobLocation.Kind.EVICTED) {
        int from = (int) EntryFormat.block(place) * COLD_WORDS;
        location.setCold(cold[from], cold[from + 1], cold[from + 2]);
      }
      visitor.visit(words[at + EntryFormat.ID_HIGH], words[at + EntryFormat.ID_LOW], location);
    }
  }

  /** Writes the copy as a bucket of an index checkpoint; returns the bytes that it takes. */
  long writeTo(MemorySegment chunk, long offset) {
    return IndexCheckpointFormat.bucket(
        chunk, offset, prefix, depth, words, count, cold, coldCount);
  }

  /** Returns how many entries there are. */
  int count() {
    return count;
  }

  /** Returns the first hash, as an unsigned number, after those that the bucket owns. */
  long hashAfter() {
    return Integer.toUnsignedLong(prefix) + (1L << (Integer.SIZE - depth));
  }

  private boolean tryFill(MemorySegment bucket, EntryTable entries, int hash) {
    long version = Bucket.readVersion(bucket);
    if ((version & 1) != 0 || !Bucket.owns(bucket, hash)) {
      return false;
    }
    prefix = Bucket.prefix(bucket);
    depth = Bucket.depth(bucket);
    count = 0;
    coldCount = 0;
    int at = 0;
    for (int slot = 0; slot < Bucket.SLOTS; slot++) {
      long word = Bucket.slot(bucket, slot);
      if (word != 0) {
        entries.copy(Bucket.entryOf(word), words, at);
        if (EntryFormat.kind(words[at + EntryFormat.PLACE]) == EntryFormat.EVICTED) {
          copyCold(entries, at);
        }
        at += EntryFormat.WORDS;
      }
    }
    count = at / EntryFormat.WORDS;
    return Bucket.isUnchanged(bucket, version);
  }

  private void copyCold(EntryTable entries, int at) {
    int to = coldCount * COLD_WORDS;
    if (to == cold.length) {
      cold = Arrays.copyOf(cold, Math.max(COLD_WORDS << 6, 2 * to));
    }
    long place = words[at + EntryFormat.PLACE];
    entries.copyCold((int) EntryFormat.block(place), cold, to);
    words[at + EntryFormat.PLACE] =
        EntryFormat.place(EntryFormat.EVICTED, coldCount, EntryFormat.changeCount(place));
    coldCount++;
  }
}
