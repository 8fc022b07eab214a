package io.ashlar.store.space;

import java.util.Map;
import java.util.TreeMap;

/**
 * The punched runs of the data file: not free, because space that is not mapped commits several
 * times slower and may meet "no space" in the middle of a commit; each is filled with zeroes before
 * it is handed out again (rule L29).
 *
 * <p>Known for the time of one open: a hole that was not filled by then counts as free space at the
 * next. Thread: the commit role's holder.
 */
final class Holes {

  private final TreeMap<Long, Long> runs = new TreeMap<>(); // first block to length
  private long blocks;

  /** Adds a run. */
  void add(long start, long length) {
    runs.put(start, length);
    blocks += length;
  }

  /** Returns the blocks of all runs. */
  long blocks() {
    return blocks;
  }

  /** Returns the first block of the run that ends right before {@code end}, or −1. */
  long startOfRunBefore(long end) {
    Map.Entry<Long, Long> run = runs.lowerEntry(end);
    return run != null && run.getKey() + run.getValue() == end ? run.getKey() : -1;
  }

  /** Takes the part from {@code newEnd} on off the run that starts at {@code start}. */
  void shorten(long start, long newEnd) {
    long length = take(start);
    if (newEnd > start) {
      add(start, Math.min(length, newEnd - start));
    }
  }

  /**
   * Returns the first block of the lowest run of at least {@code length} blocks, or −1 when there
   * is none.
   */
  long firstOf(long length) {
    for (Map.Entry<Long, Long> run : runs.entrySet()) {
      if (run.getValue() >= length) {
        return run.getKey();
      }
    }
    return -1;
  }

  /** Returns the length of the run that starts at {@code start}. */
  long length(long start) {
    Long length = runs.get(start);
    return length == null ? 0 : length;
  }

  /** Takes {@code length} blocks, or all there are, off the front of a run; returns how many. */
  long takeFront(long start, long length) {
    long all = take(start);
    long taken = Math.min(all, length);
    if (taken < all) {
      add(start + taken, all - taken);
    }
    return taken;
  }

  private long take(long start) {
    Long length = runs.remove(start);
    if (length == null) {
      throw new IllegalStateException("there is no hole: start=" + start);
    }
    blocks -= length;
    return length;
  }
}
