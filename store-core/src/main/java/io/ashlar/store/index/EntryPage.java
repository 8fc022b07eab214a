package io.ashlar.store.index;

import io.ashlar.store.format.EntryFormat;

/**
 * Entries of consecutive numbers on the heap, while {@link BulkPuts} changes some: an entry then
 * costs an array access. Closed at first; it has no entry while it is closed.
 *
 * <p>Thread: the index's writer; these entries must not change otherwise meanwhile. Memory: 40 KiB
 * of heap.
 */
final class EntryPage {
  private static final int ENTRIES = 1024;

  // For the loop of BulkPuts, too.
  final long[] words = new long[ENTRIES * EntryFormat.WORDS];
  int first;
  int end;
  boolean changed;

  private final EntryTable entries;

  EntryPage(EntryTable entries) {
    this.entries = entries;
  }

  /** Returns whether an entry is here. */
  boolean has(int entry) {
    return entry >= first && entry < end;
  }

  /** Returns whether this is the page that an entry belongs to, but opened without it. */
  boolean endsBefore(int entry) {
    return end > first && first == entry / ENTRIES * ENTRIES && entry >= end;
  }

  /** Closes the page that is open, if any, and opens that of an entry, up to {@code limit}. */
  void open(int entry, int limit) {
    close();
    first = entry / ENTRIES * ENTRIES;
    end = Math.min(first + ENTRIES, limit);
    entries.readWords(first, words, 0, end - first);
  }

  /** Writes back what has changed; idempotent. */
  void close() {
    if (changed) {
      entries.writeWords(first, words, 0, end - first);
      changed = false;
    }
    end = first;
  }
}
