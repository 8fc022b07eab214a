package io.ashlar.store.index;

/**
 * New entries of consecutive numbers, made up on the heap and written to their table together.
 *
 * <p>Thread: the index's writer. Between the first {@link #add} and the next {@link #write} nobody
 * else takes an entry from the table.
 */
final class EntryRun {
  private static final int ENTRIES_MAX = 1024;
  private static final int ENTRY_WORDS = EntryTable.ENTRY_WORDS;

  private final EntryTable entries;
  private final long[] words = new long[ENTRIES_MAX * ENTRY_WORDS];
  private int first; // the number of the first entry
  private int count;
  private int allocated;

  EntryRun(EntryTable entries) {
    this.entries = entries;
  }

  /** Adds the entry of a stored blob that was never changed; returns its number. */
  int add(
      long idHigh,
      long idLow,
      long startBlock,
      int lengthBytes,
      int crc32c,
      long version,
      boolean table) {
    int _ = room();
    EntryTable.encodeStored(
        words,
        count * ENTRY_WORDS,
        idHigh,
        idLow,
        startBlock,
        lengthBytes,
        crc32c,
        version,
        table,
        0);
    return first + count++;
  }

  /** Copies the words of an entry, one of these or one that the table has. */
  void read(int entry, long[] into) {
    int at = entry - first;
    if (at >= 0 && at < count) {
      System.arraycopy(words, at * ENTRY_WORDS, into, 0, ENTRY_WORDS);
    } else {
      entries.readWords(entry, into, 0, 1);
    }
  }

  /** Changes an entry, one of these or one that the table has. */
  void change(int entry, long[] from) {
    int at = entry - first;
    if (at >= 0 && at < count) {
      System.arraycopy(from, 0, words, at * ENTRY_WORDS, ENTRY_WORDS);
    } else {
      entries.writeRun(entry, from, 0, 1);
    }
  }

  /** Returns how many entries can be made up from {@link #nextOffset} on, at least one. */
  int room() {
    if (count == allocated) {
      write();
      first = entries.endNumber();
      allocated = entries.allocateRun(ENTRIES_MAX);
    }
    return allocated - count;
  }

  /** Returns the array in which entries are made up. */
  long[] words() {
    return words;
  }

  /** Returns where in it the next entry begins. */
  int nextOffset() {
    return count * ENTRY_WORDS;
  }

  /** Returns the number of the next entry, when there is room for one. */
  int nextNumber() {
    return first + count;
  }

  /** Notes that entries were made up. */
  void added(int entriesAdded) {
    count += entriesAdded;
  }

  /** Writes the entries; then others may be taken from the table. */
  void write() {
    if (count > 0) {
      entries.writeRun(first, words, 0, count);
    }
    entries.giveBackRun(allocated - count);
    count = 0;
    allocated = 0;
  }
}
