package io.ashlar.store.index;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A consistent copy of all entries of one bucket, for visitors that may take their time.
 *
 * <p>Thread: its owner's only; it is made for one walk over the index.
 */
final class BucketCopy {
  private final long[] idsHigh = new long[Bucket.SLOTS];
  private final long[] idsLow = new long[Bucket.SLOTS];
  private final @Nullable BlobLocation[] locations = new BlobLocation[Bucket.SLOTS];
  private int count;
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
    for (int i = 0; i < count; i++) {
      visitor.visit(idsHigh[i], idsLow[i], location(i));
    }
  }

  /** Returns the first hash, as an unsigned number, behind those that the bucket owns. */
  long hashAfter() {
    return Integer.toUnsignedLong(prefix) + (1L << (Integer.SIZE - depth));
  }

  private BlobLocation location(int number) {
    BlobLocation location = locations[number];
    if (location == null) {
      location = new BlobLocation();
      locations[number] = location;
    }
    return location;
  }

  private boolean tryFill(MemorySegment bucket, EntryTable entries, int hash) {
    long version = Bucket.readVersion(bucket);
    if ((version & 1) != 0 || !Bucket.owns(bucket, hash)) {
      return false;
    }
    prefix = Bucket.prefix(bucket);
    depth = Bucket.depth(bucket);
    count = 0;
    for (int slot = 0; slot < Bucket.SLOTS; slot++) {
      long word = Bucket.slot(bucket, slot);
      if (word != 0) {
        int entry = Bucket.entryOf(word);
        idsHigh[count] = entries.idHigh(entry);
        idsLow[count] = entries.idLow(entry);
        entries.read(entry, location(count));
        count++;
      }
    }
    return Bucket.isUnchanged(bucket, version);
  }
}
