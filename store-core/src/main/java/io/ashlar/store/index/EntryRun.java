package io.ashlar.store.index;

import io.ashlar.store.format.EntryFormat;

/**
 * New entries of consecutive numbers, made up on the heap and written to their table together.
 *
 * <p>Thread: the index's writer. No other entry may be taken from the table between the first
 * {@link #added} and the next {@link #write}.
 */
final class EntryRun {
  private static final int ENTRIES_MAX = 1024;
  private static final int ENTRY_WORDS = EntryFormat.WORDS;

  private final EntryTable entries;
  private final long[] words = new long[ENTRIES_MAX * ENTRY_WORDS];
  private int first; // the number of the first entry
  private int count;
  private int allocated;

  EntryRun(EntryTable entries) {
    this.entries = entries;
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

  /** Returns the number of the first entry; those of the table are below it, when there is room. */
  int firstNumber() {
    return first;
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
      entries.writeWords(first, words, 0, count);
    }
    entries.giveBackRun(allocated - count);
    count = 0;
    allocated = 0;
  }
}
