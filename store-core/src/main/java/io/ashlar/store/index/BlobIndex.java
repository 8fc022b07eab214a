package io.ashlar.store.index;

import io.ashlar.store.format.IdHash;
import io.ashlar.store.index.BlobLocation.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Maps blob ids to locations, off the Java heap, with readers that never lock.
 *
 * <p>Memory: 40 bytes per entry, 24 more if it is evicted, and 9 to 19 bytes of buckets per entry,
 * in chunks of 2 MiB. The index grows a bucket (16 KiB) at a time. It recycles memory and does not
 * shrink.
 *
 * <p>Thread: changes come from one thread at a time, the holder of the commit role; {@link #find},
 * {@link #forEach} and the counts from any. A reader sees each id's entry whole, as of some moment
 * during the call. Two lookups are not one view; {@link BlobLocation#sameAs} and rule L21 handle
 * that.
 *
 * <p>A conditional change does nothing and returns false unless the entry is the one expected (rule
 * L16). Every change of an entry that keeps its version raises its change count.
 *
 * <p>After {@link #close()} every call throws {@link IllegalStateException}; one that runs while it
 * is closed may throw it too. The store drains its readers first.
 */
public final class BlobIndex implements BlobLookup, AutoCloseable {
  private static final int CHANGE_MASK = BlobLocation.CHANGE_COUNT_MAX - 1;
  private static final long BLOCK_MAX = 1L << 48;

  private final long hashSeed;
  private final Arena arena = Arena.ofShared(); // one: closing it asks every thread of the process
  private final Directory directory;
  private final EntryTable entries = new EntryTable(arena);
  private final EntryCounts counts = new EntryCounts();

  // The writer's: the entry found, and the entry that replaces it.
  private final BlobLocation current = new BlobLocation();
  private final BlobLocation next = new BlobLocation();

  /**
   * Creates an empty index.
   *
   * @param hashSeed random, so that no caller can choose ids that collide.
   * @throws io.ashlar.uring.NativeException if memory cannot be had.
   */
  public BlobIndex(long hashSeed) {
    this.hashSeed = hashSeed;
    this.directory = newDirectory();
  }

  private Directory newDirectory() {
    try {
      return new Directory(arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Returns an empty index whose walks are in the same order as those of this one. */
  public BlobIndex newEmpty() {
    return new BlobIndex(hashSeed);
  }

  /**
   * Looks an id up without allocating.
   *
   * @param into receives the entry; a tombstone or {@link Kind#ABSENT} when there is no blob.
   * @return whether there is a blob: {@link BlobLocation#isLive()}.
   * @throws IllegalStateException if closed.
   */
  @Override
  public boolean find(long idHigh, long idLow, BlobLocation into) {
    int hash = hash(idHigh, idLow);
    while (true) {
      MemorySegment bucket = directory.bucketOf(hash);
      long version = Bucket.readVersion(bucket);
      if ((version & 1) == 0 && Bucket.owns(bucket, hash)) {
        int entry = seek(bucket, hash, idHigh, idLow);
        if (entry == EntryTable.NONE) {
          into.setAbsent();
        } else {
          entries.read(entry, into);
        }
        if (Bucket.isUnchanged(bucket, version)) {
          return into.isLive();
        }
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Records that an id's blob is stored, whatever the id was before.
   *
   * @param startBlock in [0, 2^48).
   * @param lengthBytes 0 to {@link BlobLocation#LENGTH_MAX}.
   * @param version the sequence of the record that puts it.
   * @param table whether its extent ends with a checksum table.
   * @param previous receives the entry replaced, so that its extent can be freed; may be null.
   * @return whether a blob was replaced.
   */
  public boolean put(
      long idHigh,
      long idLow,
      long startBlock,
      int lengthBytes,
      int crc32c,
      long version,
      boolean table,
      @Nullable BlobLocation previous) {
    next.setStored(startBlock, lengthBytes, crc32c, version, table);
    checkNext();
    return change(idHigh, idLow, locate(idHigh, idLow, previous));
  }

  /**
   * Puts an entry unchanged, as when loading a checkpoint; replaces the id's old entry.
   *
   * @param entry anything but {@link Kind#ABSENT}; copied.
   */
  public void load(long idHigh, long idLow, BlobLocation entry) {
    next.setTo(entry);
    checkNext();
    int found = locate(idHigh, idLow, null);
    if (found == EntryTable.NONE) {
      add(idHigh, idLow);
    } else {
      replace(idHigh, idLow, found);
    }
  }

  /**
   * Deletes an id's blob, stored or evicted.
   *
   * @param version the sequence of the record that deletes it.
   * @param keepTombstone whether to remember the delete for the tier.
   * @param previous receives the entry found; may be null.
   * @return false when there was no blob: nothing changed.
   */
  public boolean delete(
      long idHigh,
      long idLow,
      long version,
      boolean keepTombstone,
      @Nullable BlobLocation previous) {
    int entry = locate(idHigh, idLow, previous);
    return current.isLive() && bury(idHigh, idLow, entry, version, keepTombstone);
  }

  /**
   * Leaves what a put and then a delete leave, whatever the id was before: a tombstone, or nothing.
   *
   * @return whether there was a blob.
   */
  boolean bury(
      long idHigh,
      long idLow,
      long version,
      boolean keepTombstone,
      @Nullable BlobLocation previous) {
    return bury(idHigh, idLow, locate(idHigh, idLow, previous), version, keepTombstone);
  }

  private boolean bury(long idHigh, long idLow, int entry, long version, boolean keepTombstone) {
    boolean wasLive = current.isLive();
    if (keepTombstone) {
      next.setTombstone(version);
      change(idHigh, idLow, entry);
    } else if (entry != EntryTable.NONE) {
      remove(idHigh, idLow, entry);
    }
    return wasLive;
  }

  /**
   * Turns a stored blob into an evicted one, of the same version.
   *
   * @param previous receives the entry found; may be null.
   * @return false, with nothing changed, unless the blob is stored with this version and extent.
   */
  public boolean evict(
      long idHigh,
      long idLow,
      long expectedVersion,
      long expectedStartBlock,
      long cold0,
      long cold1,
      long cold2,
      @Nullable BlobLocation previous) {
    int entry = locate(idHigh, idLow, previous);
    if (!isCurrent(Kind.STORED, expectedVersion) || current.startBlock() != expectedStartBlock) {
      return false;
    }
    next.setEvicted(current.lengthBytes(), current.crc32c(), expectedVersion, cold0, cold1, cold2);
    return change(idHigh, idLow, entry);
  }

  /**
   * Moves a stored blob to another extent; its bytes and version stay.
   *
   * @return false, with nothing changed, unless the blob is stored with this version and extent.
   */
  public boolean relocate(
      long idHigh, long idLow, long expectedVersion, long expectedStartBlock, long newStartBlock) {
    int entry = locate(idHigh, idLow, null);
    if (!isCurrent(Kind.STORED, expectedVersion) || current.startBlock() != expectedStartBlock) {
      return false;
    }
    next.setStored(
        newStartBlock,
        current.lengthBytes(),
        current.crc32c(),
        expectedVersion,
        current.hasTable());
    checkNext();
    return change(idHigh, idLow, entry);
  }

  /**
   * Gives an evicted blob another cold reference, as its remote copy has moved.
   *
   * @return false, with nothing changed, unless the blob is evicted with this version.
   */
  public boolean moveCold(
      long idHigh, long idLow, long expectedVersion, long cold0, long cold1, long cold2) {
    int entry = locate(idHigh, idLow, null);
    if (!isCurrent(Kind.EVICTED, expectedVersion)) {
      return false;
    }
    next.setEvicted(current.lengthBytes(), current.crc32c(), expectedVersion, cold0, cold1, cold2);
    return change(idHigh, idLow, entry);
  }

  /**
   * Forgets deletes that the tier knows of; the time grows with the number of tombstones.
   *
   * @param upToVersion tombstones of this version and below go.
   * @return tombstones dropped.
   */
  public long dropTombstones(long upToVersion) {
    return dropTombstones(upToVersion, Long.MAX_VALUE);
  }

  /**
   * Forgets deletes as {@link #dropTombstones(long)} does, at most {@code most} of them.
   *
   * @return tombstones dropped; if fewer than {@code most}, none is left to drop.
   */
  public long dropTombstones(long upToVersion, long most) {
    long dropped = 0;
    int entry = entries.oldestTombstone();
    while (entry != EntryTable.NONE && dropped < most) {
      int after = entries.tombstoneAfter(entry);
      if (entries.version(entry) <= upToVersion) {
        long idHigh = entries.idHigh(entry);
        long idLow = entries.idLow(entry);
        int found = locate(idHigh, idLow, null);
        assert found == entry : "tombstone is not in its bucket: entry=" + entry;
        remove(idHigh, idLow, entry);
        dropped++;
      }
      entry = after;
    }
    return dropped;
  }

  /**
   * Visits every entry, tombstones included, in the order of a hash.
   *
   * <p>Weakly consistent: entries that are there throughout are visited once, whole; of entries
   * put, changed or deleted meanwhile either state is seen. The visitor may be slow and may change
   * the index when it runs on the writer's thread. Allocates about 250 KB of heap.
   *
   * @throws IllegalStateException if closed.
   */
  public void forEach(EntryVisitor visitor) {
    BucketCopy copy = new BucketCopy();
    for (long hash = 0; hash < 1L << Integer.SIZE; hash = copy.hashAfter()) {
      copy.fill(directory, entries, (int) hash);
      copy.visit(visitor);
    }
  }

  /**
   * Visits the extents of all stored blobs, in no order. Thread: the writer; the index must not
   * change meanwhile.
   */
  public void forEachExtent(ExtentVisitor visitor) {
    entries.forEachExtent(visitor);
  }

  /** Returns whether there is an entry, if only a tombstone. Thread: the writer. */
  boolean has(long idHigh, long idLow) {
    return locate(idHigh, idLow, null) != EntryTable.NONE;
  }

  // ---- for BucketWalk, CheckpointLoader and BulkPuts

  int hash(long idHigh, long idLow) {
    return IdHash.hash(hashSeed, idHigh, idLow);
  }

  long hashSeed() {
    return hashSeed;
  }

  Directory directory() {
    return directory;
  }

  EntryTable entries() {
    return entries;
  }

  EntryCounts counts() {
    return counts;
  }

  /** Returns the number of blobs, stored and evicted. */
  public long liveCount() {
    return counts.get(EntryCounts.STORED) + counts.get(EntryCounts.EVICTED);
  }

  /** Returns the bytes of all blobs, stored and evicted, without padding. */
  public long liveBytes() {
    return counts.get(EntryCounts.STORED_BYTES) + counts.get(EntryCounts.EVICTED_BYTES);
  }

  /** Returns the number of evicted blobs. */
  public long evictedCount() {
    return counts.get(EntryCounts.EVICTED);
  }

  /** Returns the number of tombstones. */
  public long tombstoneCount() {
    return counts.get(EntryCounts.TOMBSTONES);
  }

  /** Returns the bytes of native memory mapped. */
  public long memoryBytes() {
    return directory.memoryBytes() + entries.memoryBytes();
  }

  /** Unmaps everything; idempotent. Thread: one at a time, after the last change. */
  @Override
  public void close() {
    directory.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /** Finds an id's entry, copies it to {@link #current} and {@code previous}; 0 when absent. */
  private int locate(long idHigh, long idLow, @Nullable BlobLocation previous) {
    int hash = hash(idHigh, idLow);
    int entry = seek(directory.bucketOf(hash), hash, idHigh, idLow);
    if (entry == EntryTable.NONE) {
      current.setAbsent();
    } else {
      entries.read(entry, current);
    }
    if (previous != null) {
      previous.setTo(current);
    }
    return entry;
  }

  private int seek(MemorySegment bucket, int hash, long idHigh, long idLow) {
    int slot = Bucket.home(hash);
    for (int probes = 0; probes < Bucket.SLOTS; probes++) {
      long word = Bucket.slot(bucket, slot);
      if (word == 0) {
        return EntryTable.NONE;
      }
      int entry = Bucket.entryOf(word);
      if (Bucket.hashOf(word) == hash && entries.hasId(entry, idHigh, idLow)) {
        return entry;
      }
      slot = Bucket.next(slot);
    }
    return EntryTable.NONE;
  }

  private boolean isCurrent(Kind kind, long version) {
    return current.kind() == kind && current.version() == version;
  }

  /** Makes {@link #next} the id's entry, counted as a change; returns whether a blob was there. */
  private boolean change(long idHigh, long idLow, int entry) {
    if (entry == EntryTable.NONE) {
      add(idHigh, idLow);
      return false;
    }
    next.setChangeCount((current.changeCount() + 1) & CHANGE_MASK);
    replace(idHigh, idLow, entry);
    return current.isLive();
  }

  private void add(long idHigh, long idLow) {
    int hash = hash(idHigh, idLow);
    while (Bucket.count(directory.bucketOf(hash)) >= Bucket.COUNT_MAX) {
      directory.split(hash);
    }
    MemorySegment bucket = directory.bucketOf(hash);
    int entry = entries.add(idHigh, idLow, next, entries.reserveCold(next, current));
    Bucket.beginChange(bucket);
    Bucket.insert(bucket, hash, entry);
    Bucket.endChange(bucket);
    counts.add(next);
  }

  private void replace(long idHigh, long idLow, int entry) {
    MemorySegment bucket = directory.bucketOf(hash(idHigh, idLow));
    int cold = entries.reserveCold(next, current);
    Bucket.beginChange(bucket);
    entries.replace(entry, current, next, cold);
    Bucket.endChange(bucket);
    counts.remove(current);
    counts.add(next);
  }

  private void remove(long idHigh, long idLow, int entry) {
    int hash = hash(idHigh, idLow);
    MemorySegment bucket = directory.bucketOf(hash);
    Bucket.beginChange(bucket);
    Bucket.remove(bucket, hash, entry);
    entries.remove(entry, current.kind());
    Bucket.endChange(bucket);
    counts.remove(current);
  }

  private void checkNext() {
    if (next.startBlock() < 0
        || next.startBlock() >= BLOCK_MAX
        || next.lengthBytes() < 0
        || next.lengthBytes() > BlobLocation.LENGTH_MAX
        || next.kind() == Kind.ABSENT) {
      throw new IllegalArgumentException("entry out of range: " + next);
    }
  }
}
