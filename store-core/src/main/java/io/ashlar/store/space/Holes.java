package io.ashlar.store.space;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Runs of the data file that the file system has no blocks for. They are not free, because commits
 * into unmapped space are several times slower and may hit "no space" half-way. Each hole is filled
 * with zeroes before any other write goes there (rule L29).
 *
 * <p>Known for the time of one open; the next one asks the file system for them. Thread: the commit
 * role's holder.
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

  /**
   * Takes what lies in a range.
   *
   * @param end the block after the range.
   * @return the first block of each part and the block after it, in order.
   */
  List<long[]> takeWithin(long start, long end) {
    List<long[]> parts = new ArrayList<>();
    Map.Entry<Long, Long> run = runs.lowerEntry(end);
    while (run != null && run.getKey() + run.getValue() > start) {
      long runStart = run.getKey();
      long runEnd = runStart + take(runStart);
      if (runStart < start) {
        add(runStart, start - runStart);
      }
      if (runEnd > end) {
        add(end, runEnd - end);
      }
      parts.addFirst(new long[] {Math.max(start, runStart), Math.min(end, runEnd)});
      run = runs.lowerEntry(runStart);
    }
    return parts;
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
