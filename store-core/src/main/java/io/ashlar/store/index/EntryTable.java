package io.ashlar.store.index;

import io.ashlar.store.format.ChecksumTable;
import io.ashlar.store.format.EntryFormat;
import io.ashlar.store.format.IndexCheckpointFormat;
import io.ashlar.store.index.BlobLocation.Kind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.List;

/**
 * The records that hold entries ({@link EntryFormat}) and cold references.
 *
 * <p>The writer changes an entry that readers can find only between {@link Bucket#beginChange} and
 * {@link Bucket#endChange} of its bucket. The neighbours kept in tombstones belong to the writer,
 * and readers skip them. The same holds for a cold reference and its entry's bucket.
 *
 * <p>Thread: {@link #hasId} and {@link #read} any, the rest the index's writer.
 */
final class EntryTable {
  static final int NONE = 0;
  private static final int COLD_BYTES = IndexCheckpointFormat.COLD_BYTES;
  private static final int ENTRY_WORDS = EntryFormat.WORDS;
  private static final int SCAN_ENTRIES = 2048;
  private static final int STEP_ENTRIES = 24; // see BulkPuts.ENTRIES_A_STEP

  private static final long ID_HIGH = EntryFormat.ID_HIGH * (long) Long.BYTES;
  private static final long ID_LOW = EntryFormat.ID_LOW * (long) Long.BYTES;
  private static final long PLACE = EntryFormat.PLACE * (long) Long.BYTES;
  private static final long VERSION = EntryFormat.VERSION * (long) Long.BYTES;
  private static final long CONTENT = EntryFormat.CONTENT * (long) Long.BYTES;

  private static final Kind[] KINDS = {Kind.ABSENT, Kind.STORED, Kind.EVICTED, Kind.TOMBSTONE};
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private final RecordSlab entries;
  private final RecordSlab colds;
  private int oldestTombstone = NONE;
  private int newestTombstone = NONE;

  /** Creates one whose memory lies in a shared arena. */
  EntryTable(Arena arena) {
    entries = new RecordSlab(arena, EntryFormat.BYTES, Integer.MAX_VALUE);
    colds = new RecordSlab(arena, COLD_BYTES, Integer.MAX_VALUE);
  }

  /** Copies the words of entries of consecutive numbers. The writer only. */
  void readWords(int first, long[] into, int at, int count) {
    for (int done = 0; done < count; ) {
      int number = first + done;
      int some = Math.min(count - done, entries.restOfChunk(number));
      MemorySegment.copy(
          entries.chunkOf(number),
          ValueLayout.JAVA_LONG,
          entries.offsetOf(number),
          into,
          at + done * ENTRY_WORDS,
          some * ENTRY_WORDS);
      done += some;
    }
  }

  /**
   * Takes entries of consecutive numbers from {@link #endNumber} on, all in one chunk, for {@link
   * #writeWords}.
   *
   * @return how many, at least 1 and at most {@code countMax}.
   */
  int allocateRun(int countMax) {
    return entries.allocateRun(countMax);
  }

  /** Maps memory for this many future entries; see {@link RecordSlab#reserve}. */
  List<MemorySegment> reserve(long count) {
    return entries.reserve(count);
  }

  /** Takes back the last entries of a run that were not used, before anything is allocated. */
  void giveBackRun(int count) {
    entries.giveBackRun(count);
  }

  /** Returns the number after the highest that was ever in use; the writer only. */
  int endNumber() {
    return entries.endNumber();
  }

  /**
   * Writes entries of consecutive numbers while no reader uses the index.
   *
   * @param at where the words of the first of them are.
   */
  void writeWords(int first, long[] words, int at, int count) {
    for (int done = 0; done < count; ) {
      int number = first + done;
      int some = Math.min(count - done, entries.restOfChunk(number));
      MemorySegment.copy(
          words,
          at + done * ENTRY_WORDS,
          entries.chunkOf(number),
          ValueLayout.JAVA_LONG,
          entries.offsetOf(number),
          some * ENTRY_WORDS);
      done += some;
    }
  }

  /** Visits the extents of all stored blobs, in no order. The writer only. */
  void forEachExtent(ExtentVisitor visitor) {
    long[] words = new long[SCAN_ENTRIES * ENTRY_WORDS];
    long[] starts = new long[SCAN_ENTRIES];
    long[] blocks = new long[SCAN_ENTRIES];
    int end = entries.endNumber();
    for (int first = 1; first < end; ) {
      int count = Math.min(SCAN_ENTRIES, end - first);
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
      long place = words[at + EntryFormat.PLACE];
      long content = words[at + EntryFormat.CONTENT];
      long length = content & EntryFormat.LENGTH_MASK;
      if (place >>> EntryFormat.KIND_SHIFT == EntryFormat.STORED && length > 0) {
        starts[found] = place & EntryFormat.BLOCK_MASK;
        blocks[found] = ChecksumTable.extentBlocks(length, (content & EntryFormat.TABLE) != 0);
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
    decode(place, version, (long) LONG.getOpaque(chunk, offset + CONTENT), into);
    if (into.kind() == Kind.EVICTED) {
      readCold((int) EntryFormat.block(place), into);
    }
  }

  /** Sets everything but the cold reference, which becomes 0. */
  static void decode(long place, long version, long content, BlobLocation into) {
    Kind kind = KINDS[EntryFormat.kind(place) & 3];
    int changes = EntryFormat.changeCount(place);
    int length = EntryFormat.lengthBytes(content);
    int crc32c = EntryFormat.crc32c(content);
    switch (kind) {
      case STORED -> {
        into.set(kind, EntryFormat.block(place), length, crc32c, version, changes);
        into.setTable(EntryFormat.hasTable(content));
      }
      case EVICTED -> into.set(kind, 0, length, crc32c, version, changes);
      default -> into.set(kind, 0, 0, 0, version, changes);
    }
    into.setCold(0, 0, 0);
  }

  /** Copies an entry's words, with nothing of a list; any thread, as {@link #read}. */
  void copy(int entry, long[] into, int at) {
    MemorySegment chunk = entries.chunkOf(entry);
    long offset = entries.offsetOf(entry);
    long place = (long) LONG.getAcquire(chunk, offset + PLACE);
    into[at + EntryFormat.ID_HIGH] = (long) LONG.getOpaque(chunk, offset + ID_HIGH);
    into[at + EntryFormat.ID_LOW] = (long) LONG.getOpaque(chunk, offset + ID_LOW);
    into[at + EntryFormat.PLACE] = place;
    into[at + EntryFormat.VERSION] = (long) LONG.getOpaque(chunk, offset + VERSION);
    into[at + EntryFormat.CONTENT] =
        EntryFormat.kind(place) == EntryFormat.TOMBSTONE
            ? 0
            : (long) LONG.getOpaque(chunk, offset + CONTENT);
  }

  /** Copies a cold reference; any thread, as {@link #read}. */
  void copyCold(int cold, long[] into, int at) {
    MemorySegment chunk = colds.chunkOf(cold);
    long offset = colds.offsetOf(cold);
    into[at] = (long) LONG.getOpaque(chunk, offset);
    into[at + 1] = (long) LONG.getOpaque(chunk, offset + 8);
    into[at + 2] = (long) LONG.getOpaque(chunk, offset + 16);
  }

  /** Returns the number of a new cold reference, for the place of an entry that is loaded. */
  int addCold(long cold0, long cold1, long cold2) {
    int cold = colds.allocate();
    writeCold(cold, cold0, cold1, cold2);
    return cold;
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
    int oldCold = from.kind() == Kind.EVICTED ? (int) EntryFormat.block(word(entry, PLACE)) : NONE;
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
      release((int) EntryFormat.block(word(entry, PLACE)));
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
    long place = EntryFormat.place(code(to.kind()), block, to.changeCount());
    if (to.kind() == Kind.EVICTED) {
      writeCold(cold, to.cold0(), to.cold1(), to.cold2());
    }
    setWord(entry, VERSION, to.version());
    setWord(entry, CONTENT, EntryFormat.content(to.lengthBytes(), to.crc32c(), to.hasTable()));
    // By release: who reads this number of a cold reference also finds the chunk it lies in.
    LONG.setRelease(entries.chunkOf(entry), entries.offsetOf(entry) + PLACE, place);
  }

  private void writeCold(int cold, long cold0, long cold1, long cold2) {
    MemorySegment chunk = colds.chunkOf(cold);
    long offset = colds.offsetOf(cold);
    LONG.setOpaque(chunk, offset, cold0);
    LONG.setOpaque(chunk, offset + 8, cold1);
    LONG.setOpaque(chunk, offset + 16, cold2);
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

  /** Puts a tombstone at the end of the list. */
  void link(int entry) {
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
      case STORED -> EntryFormat.STORED;
      case EVICTED -> EntryFormat.EVICTED;
      case TOMBSTONE -> EntryFormat.TOMBSTONE;
    };
  }

  private long word(int entry, long field) {
    return (long) LONG.getOpaque(entries.chunkOf(entry), entries.offsetOf(entry) + field);
  }

  private void setWord(int entry, long field, long value) {
    LONG.setOpaque(entries.chunkOf(entry), entries.offsetOf(entry) + field, value);
  }
}
