package io.ashlar.store.local;

import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogRecordFields;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.spi.BlobChange;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds every write of a life against rule L2: while the last durable record is r, and so carries
 * the mark r − 1, no write may touch a block of a blob that was live after record r or r − 1. A
 * crash in that write, with r itself damaged, must still leave the state after r − 1.
 *
 * <p>The crash images do not damage durable records, so they cannot show this for an extent that
 * was freed long after it was put, as snapshots make of them.
 *
 * <p>Thread: one. {@link #check} is called often: what was live between two calls is not known.
 */
final class WriteGuard {

  /** The extents of all blobs after one record. */
  private record Live(long sequence, List<long[]> extents) {}

  private final SimulatedDisk disk;
  private final DataFileStore store;
  private Live before = new Live(-1, List.of());
  private Live last;
  private int seen;

  WriteGuard(SimulatedDisk disk, DataFileStore store) {
    this.disk = disk;
    this.store = store;
    seen = disk.events().size();
    last = live();
  }

  private Live live() {
    List<long[]> extents = new ArrayList<>();
    store.forEachChange(
        -1,
        Long.MAX_VALUE,
        change -> {
          if (change.kind() == BlobChange.Kind.STORED && change.length() > 0) {
            extents.add(new long[] {change.startBlock(), Blocks.count(change.length())});
          }
        });
    return new Live(store.stats().sequence(), extents);
  }

  /** Checks what was written since the last call. */
  void check() {
    List<DiskEvent> events = disk.events();
    long durable = last.sequence();
    for (DiskEvent event : events.subList(seen, events.size())) {
      if (event instanceof DiskEvent.Write write) {
        if (durable <= last.sequence() + 1) {
          check(write, last, durable);
        }
        if (durable == before.sequence() + 1) {
          check(write, before, durable);
        }
        MemorySegment bytes = MemorySegment.ofArray(write.bytes());
        if (LogRecordFormat.hasMagic(bytes)
            && LogRecordFields.block(bytes) == write.offset() / Blocks.BYTES) {
          durable = Math.max(durable, LogRecordFormat.sequence(bytes));
        }
      }
    }
    seen = events.size();
    Live now = live();
    if (now.sequence() != last.sequence()) {
      before = last;
      last = now;
    }
  }

  private static void check(DiskEvent.Write write, Live live, long durable) {
    long start = write.offset() / Blocks.BYTES;
    long end = start + Blocks.count(write.bytes().length);
    for (long[] extent : live.extents()) {
      if (start < extent[0] + extent[1] && extent[0] < end) {
        throw new AssertionError(
            "L2: with record "
                + durable
                + " the last durable one, a write to blocks "
                + start
                + " to "
                + end
                + " touches a blob that was live after record "
                + live.sequence()
                + ": block="
                + extent[0]
                + ", blocks="
                + extent[1]);
      }
    }
  }
}
