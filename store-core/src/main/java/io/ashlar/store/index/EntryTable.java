package io.ashlar.store.index;

import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.index.BlobLocation.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The layout of an entry, and the records that hold entries and cold references.
 *
 * <pre>
 *   offset  bytes                                        cold reference
 *        0      8  id, high half                         0   8  bytes  0-7
 *        8      8  id, low half                          8   8  bytes  8-15
 *       16      8  place                                16   8  bytes 16-23
 *       24      8  version
 *       32      8  content
 *
 *   place:    bits 0-47 start block (stored) or number of the cold reference (evicted), else 0
 *             bits 48-59 change count, bits 60-63 kind: 1 stored, 2 evicted, 3 tombstone
 *   content:  bits 0-30 length, bit 31 whether there is a checksum table, bits 32-63 CRC-32C;
 *             of a tombstone: its neighbours in the list
 * </pre>
 *
 * <p>The writer changes an entry that readers can find only between {@link Bucket#beginChange} and
 * {@link Bucket#endChange} of its bucket; the neighbours kept in tombstones are the writer's alone
 * and readers skip them. A cold reference changes under its entry's bucket likewise.
 *
 * <p>Thread: {@link #hasId} and {@link #read} any, the rest the index's writer.
 */
final class EntryTable {
  static final int ENTRY_BYTES = 40;
  static final int COLD_BYTES = 24;
  static final int NONE = 0;
  static final int ENTRY_WORDS = ENTRY_BYTES / Long.BYTES;
  private static final int SCAN_ENTRIES = 2048;
  private static final int STEP_ENTRIES = 24; // see IndexLoader.ENTRIES_A_STEP
  private static final int STORED_CODE = 1;

  private static final long ID_HIGH = 0;
  private static final long ID_LOW = 8;
  private static final long PLACE = 16;
  private static final long VERSION = 24;
  private static final long CONTENT = 32;
  private static final long BLOCK_MASK = (1L << 48) - 1;
  private static final int CHANGE_SHIFT = 48;
  private static final int CHANGE_MASK = BlobLocation.CHANGE_COUNT_MAX - 1;
  private static final int KIND_SHIFT = 60;
  private static final int LENGTH_MASK = Integer.MAX_VALUE;
  private static final long TABLE = 1L << 31;

  /** What the place of a stored blob that was never changed has beside its start block. */
  static final long STORED_PLACE = (long) STORED_CODE << KIND_SHIFT;

  private static final Kind[] KINDS = {Kind.ABSENT, Kind.STORED, Kind.EVICTED, Kind.TOMBSTONE};
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private final RecordSlab entries;
  private final RecordSlab colds;
  private int oldestTombstone = NONE;
  private int newestTombstone = NONE;

  /** Creates one whose memory lies in a shared arena. */
  EntryTable(Arena arena) {
    entries = new RecordSlab(arena, ENTRY_BYTES, Integer.MAX_VALUE);
    colds = new RecordSlab(arena, COLD_BYTES, Integer.MAX_VALUE);
  }

  /** Makes up the words of a stored blob's entry, for {@link #writeRun}. */
  static void encodeStored(
      long[] into,
      int at,
      long idHigh,
      long idLow,
      long startBlock,
      int lengthBytes,
      int crc32c,
      long version,
      boolean table,
      int changeCount) {
    into[at] = idHigh;
    into[at + 1] = idLow;
    into[at + 2] = startBlock | ((long) changeCount << CHANGE_SHIFT) | STORED_PLACE;
    into[at + 3] = version;
    into[at + 4] = content(lengthBytes, crc32c, table);
  }

  /** Returns whether the words of an entry are this id's. */
  static boolean isOf(long[] words, int at, long idHigh, long idLow) {
    return words[at + 1] == idLow && words[at] == idHigh;
  }

  /** Returns whether the words of an entry are those of a stored blob. */
  static boolean isStored(long[] words, int at) {
    return words[at + 2] >>> KIND_SHIFT == STORED_CODE;
  }

  /** Returns the change count in the words of an entry. */
  static int changeCount(long[] words, int at) {
    return (int) (words[at + 2] >>> CHANGE_SHIFT) & CHANGE_MASK;
  }

  /** Returns the length in the words of a stored blob's entry. */
  static int lengthBytes(long[] words, int at) {
    return (int) words[at + 4] & LENGTH_MASK;
  }

  /** Copies the words of entries of consecutive numbers, all in one chunk. The writer only. */
  void readWords(int first, long[] into, int at, int count) {
    MemorySegment.copy(
        entries.chunkOf(first),
        ValueLayout.JAVA_LONG,
        entries.offsetOf(first),
        into,
        at,
        count * ENTRY_WORDS);
  }

  /**
   * Takes entries of consecutive numbers from {@link #endNumber} on, all in one chunk, for {@link
   * #writeRun}.
   *
   * @return how many, at least 1 and at most {@code countMax}.
   */
  int allocateRun(int countMax) {
    return entries.allocateRun(countMax);
  }

  /** Takes back the last entries of a run that were not used, before anything is allocated. */
  void giveBackRun(int count) {
    entries.giveBackRun(count);
  }

  /** Returns the number behind the highest that was ever in use; the writer only. */
  int endNumber() {
    return entries.endNumber();
  }

  /**
   * Writes entries of consecutive numbers, all in one chunk, while nobody reads the index.
   *
   * @param at where the words of the first of them are.
   */
  void writeRun(int first, long[] words, int at, int count) {
    MemorySegment.copy(
        words,
        at,
        entries.chunkOf(first),
        ValueLayout.JAVA_LONG,
        entries.offsetOf(first),
        count * ENTRY_WORDS);
  }

  /** Visits the extents of all stored blobs, in no order. The writer only. */
  void forEachExtent(ExtentVisitor visitor) {
    long[] words = new long[SCAN_ENTRIES * ENTRY_WORDS];
    long[] starts = new long[SCAN_ENTRIES];
    long[] blocks = new long[SCAN_ENTRIES];
    int end = entries.endNumber();
    for (int first = 1; first < end; ) {
      int count = Math.min(Math.min(SCAN_ENTRIES, end - first), entries.restOfChunk(first));
      readWords(first, words, 0, count);
      int found = 0;
      for (int from = 0; from < count; from += STEP_ENTRIES) {
        int to = Math.min(count, from + STEP_ENTRIES);
        found = extents(words, from * ENTRY_WORDS, to * ENTRY_WORDS, starts, blocks, found);
      }
      visitor.visit(starts, blocks, found);
      first += count;
    }
  }

  /** Adds the extents of some entries; few enough that the JVM soon compiles this. */
  private static int extents(
      long[] words, int from, int to, long[] starts, long[] blocks, int count) {
    int found = count;
    for (int at = from; at < to; at += ENTRY_WORDS) {
      long place = words[at + 2];
      long content = words[at + 4];
      int length = (int) content & LENGTH_MASK;
      if (place >>> KIND_SHIFT == STORED_CODE && length > 0) {
        starts[found] = place & BLOCK_MASK;
        blocks[found] = ChecksumTable.extentBlocks(length, (content & TABLE) != 0);
        found++;
      }
    }
    return found;
  }

  /** Returns whether an entry is this id's; any thread. */
  boolean hasId(int entry, long idHigh, long idLow) {
    MemorySegment chunk = entries.chunkOf(entry);
    long offset = entries.offsetOf(entry);
    return (long) LONG.getOpaque(chunk, offset + ID_LOW) == idLow
        && (long) LONG.getOpaque(chunk, offset + ID_HIGH) == idHigh;
  }

  long idHigh(int entry) {
    return word(entry, ID_HIGH);
  }

  long idLow(int entry) {
    return word(entry, ID_LOW);
  }

  long version(int entry) {
    return word(entry, VERSION);
  }

  /** Copies an entry; any thread, which must then check the bucket's version. */
  void read(int entry, BlobLocation into) {
    MemorySegment chunk = entries.chunkOf(entry);
    long offset = entries.offsetOf(entry);
    long place = (long) LONG.getAcquire(chunk, offset + PLACE);
    long version = (long) LONG.getOpaque(chunk, offset + VERSION);
    long content = (long) LONG.getOpaque(chunk, offset + CONTENT);
    Kind kind = KINDS[(int) (place >>> KIND_SHIFT) & 3];
    int changes = (int) (place >>> CHANGE_SHIFT) & CHANGE_MASK;
    switch (kind) {
      case STORED -> {
        int length = (int) content & LENGTH_MASK;
        into.set(kind, place & BLOCK_MASK, length, (int) (content >>> 32), version, changes);
        into.setTable((content & TABLE) != 0);
        into.setCold(0, 0, 0);
      }
      case EVICTED -> {
        into.set(kind, 0, (int) content, (int) (content >>> 32), version, changes);
        readCold((int) (place & BLOCK_MASK), into);
      }
      default -> {
        into.set(kind, 0, 0, 0, version, changes);
        into.setCold(0, 0, 0);
      }
    }
  }

  /** Makes sure that the next {@link #add} and {@link #replace} cannot fail for want of memory. */
  int reserveCold(BlobLocation to, BlobLocation from) {
    boolean needs = to.kind() == Kind.EVICTED && from.kind() != Kind.EVICTED;
    return needs ? colds.allocate() : NONE;
  }

  /** Writes a new entry, which no bucket names yet, and returns its number. */
  int add(long idHigh, long idLow, BlobLocation to, int cold) {
    int entry;
    try {
      entry = entries.allocate();
    } catch (RuntimeException failure) {
      release(cold);
      throw failure;
    }
    setWord(entry, ID_HIGH, idHigh);
    setWord(entry, ID_LOW, idLow);
    write(entry, to, cold);
    if (to.kind() == Kind.TOMBSTONE) {
      link(entry);
    }
    return entry;
  }

  /**
   * Overwrites an entry within a change of its bucket.
   *
   * @param cold what {@link #reserveCold} returned.
   */
  void replace(int entry, BlobLocation from, BlobLocation to, int cold) {
    int oldCold = from.kind() == Kind.EVICTED ? (int) (word(entry, PLACE) & BLOCK_MASK) : NONE;
    if (from.kind() == Kind.TOMBSTONE) {
      unlink(entry);
    }
    if (to.kind() == Kind.EVICTED && oldCold != NONE) {
      write(entry, to, oldCold);
    } else {
      write(entry, to, cold);
      release(oldCold);
    }
    if (to.kind() == Kind.TOMBSTONE) {
      link(entry);
    }
  }

  /** Frees an entry that no bucket names any more. */
  void remove(int entry, Kind kind) {
    if (kind == Kind.EVICTED) {
      release((int) (word(entry, PLACE) & BLOCK_MASK));
    } else if (kind == Kind.TOMBSTONE) {
      unlink(entry);
    }
    setWord(entry, PLACE, 0); // says to a scan that it is free
    entries.free(entry);
  }

  /** Returns the tombstone that was made first, or {@link #NONE}. */
  int oldestTombstone() {
    return oldestTombstone;
  }

  /** Returns the tombstone made next after this one, or {@link #NONE}. */
  int tombstoneAfter(int entry) {
    return (int) (word(entry, CONTENT) >>> 32);
  }

  /** Returns the bytes mapped; any thread. */
  long memoryBytes() {
    return entries.memoryBytes() + colds.memoryBytes();
  }

  private void write(int entry, BlobLocation to, int cold) {
    long block = to.kind() == Kind.EVICTED ? cold : to.startBlock();
    long place =
        block | ((long) to.changeCount() << CHANGE_SHIFT) | ((long) code(to.kind()) << KIND_SHIFT);
    if (to.kind() == Kind.EVICTED) {
      MemorySegment chunk = colds.chunkOf(cold);
      long offset = colds.offsetOf(cold);
      LONG.setOpaque(chunk, offset, to.cold0());
      LONG.setOpaque(chunk, offset + 8, to.cold1());
      LONG.setOpaque(chunk, offset + 16, to.cold2());
    }
    setWord(entry, VERSION, to.version());
    setWord(entry, CONTENT, content(to.lengthBytes(), to.crc32c(), to.hasTable()));
    // By release: who reads this number of a cold reference also finds the chunk it lies in.
    LONG.setRelease(entries.chunkOf(entry), entries.offsetOf(entry) + PLACE, place);
  }

  private static long content(int lengthBytes, int crc32c, boolean table) {
    return ((long) crc32c << 32) | lengthBytes | (table ? TABLE : 0);
  }

  private void readCold(int cold, BlobLocation into) {
    MemorySegment chunk = colds.chunkOf(cold);
    long offset = colds.offsetOf(cold);
    into.setCold(
        (long) LONG.getOpaque(chunk, offset),
        (long) LONG.getOpaque(chunk, offset + 8),
        (long) LONG.getOpaque(chunk, offset + 16));
  }

  private void release(int cold) {
    if (cold != NONE) {
      colds.free(cold);
    }
  }

  private void link(int entry) {
    setWord(entry, CONTENT, Integer.toUnsignedLong(newestTombstone));
    if (newestTombstone == NONE) {
      oldestTombstone = entry;
    } else {
      setNeighbours(newestTombstone, tombstoneBefore(newestTombstone), entry);
    }
    newestTombstone = entry;
  }

  private void unlink(int entry) {
    int before = tombstoneBefore(entry);
    int after = tombstoneAfter(entry);
    if (before == NONE) {
      oldestTombstone = after;
    } else {
      setNeighbours(before, tombstoneBefore(before), after);
    }
    if (after == NONE) {
      newestTombstone = before;
    } else {
      setNeighbours(after, before, tombstoneAfter(after));
    }
  }

  private int tombstoneBefore(int entry) {
    return (int) word(entry, CONTENT);
  }

  private void setNeighbours(int entry, int before, int after) {
    setWord(entry, CONTENT, ((long) after << 32) | Integer.toUnsignedLong(before));
  }

  private static int code(Kind kind) {
    return switch (kind) {
      case ABSENT -> throw new IllegalArgumentException("an absent entry cannot be kept");
      case STORED -> STORED_CODE;
      case EVICTED -> 2;
      case TOMBSTONE -> 3;
    };
  }

  private long word(int entry, long field) {
    return (long) LONG.getOpaque(entries.chunkOf(entry), entries.offsetOf(entry) + field);
  }

  private void setWord(int entry, long field, long value) {
    LONG.setOpaque(entries.chunkOf(entry), entries.offsetOf(entry) + field, value);
  }
}
