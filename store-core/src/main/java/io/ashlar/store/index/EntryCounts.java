package io.ashlar.store.index;

import io.ashlar.store.index.BlobLocation.Kind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Sums over the entries; written by the index's writer (opaque), read by any thread (opaque). */
final class EntryCounts {
  static final int STORED = 0;
  static final int EVICTED = 1;
  static final int TOMBSTONES = 2;
  static final int STORED_BYTES = 3;
  static final int EVICTED_BYTES = 4;

  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[] sums = new long[5];

  long get(int sum) {
    return (long) ELEMENT.getOpaque(sums, sum);
  }

  void add(BlobLocation entry) {
    count(entry.kind(), 1, entry.lengthBytes());
  }

  void addStored(long entries, long bytes) {
    increase(STORED, entries);
    increase(STORED_BYTES, bytes);
  }

  void remove(BlobLocation entry) {
    count(entry.kind(), -1, -entry.lengthBytes());
  }

  private void count(Kind kind, int entries, long bytes) {
    switch (kind) {
      case STORED -> {
        increase(STORED, entries);
        increase(STORED_BYTES, bytes);
      }
      case EVICTED -> {
        increase(EVICTED, entries);
        increase(EVICTED_BYTES, bytes);
      }
      case TOMBSTONE -> increase(TOMBSTONES, entries);
      case ABSENT -> {}
    }
  }

  private void increase(int sum, long by) {
    ELEMENT.setOpaque(sums, sum, sums[sum] + by);
  }
}
