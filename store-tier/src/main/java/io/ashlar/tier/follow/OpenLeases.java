package io.ashlar.tier.follow;

import io.ashlar.store.BlobLease;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.Log;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The leases of a follower that are open now, each a blob in memory of its own.
 *
 * <p>Thread: any; a lease is that of its arena's thread. Memory: each lease frees its arena.
 */
final class OpenLeases {
  private final LongAdder count = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final @Nullable HandleTraces traces = HandleTraces.ifWanted();

  /**
   * Lends a blob.
   *
   * @param arena a confined one of the calling thread, closed with the lease.
   * @param value the blob, in that arena.
   */
  BlobLease lend(Arena arena, MemorySegment value) {
    return new Lease(arena, value);
  }

  int count() {
    return count.intValue();
  }

  long bytes() {
    return bytes.sum();
  }

  /** Logs a warning if leases are open, with where the oldest was taken if that is traced. */
  void warnOfOpen(String tier) {
    if (count.sum() > 0) {
      Log.log(
          FollowerStore.class,
          System.Logger.Level.WARNING,
          "the follower was closed with leases open, whose memory is freed only by their own"
              + " close: tier="
              + tier
              + ", openLeases="
              + count.sum()
              + ", leasedBytes="
              + bytes.sum(),
          traces == null ? null : traces.oldest());
    }
  }

  private final class Lease implements BlobLease {
    private final Arena arena;
    private final MemorySegment value;

    Lease(Arena arena, MemorySegment value) {
      this.arena = arena;
      this.value = value;
      count.increment();
      bytes.add(value.byteSize());
      if (traces != null) {
        traces.taken(this, "lease");
      }
    }

    @Override
    public MemorySegment value() {
      if (!arena.scope().isAlive()) {
        throw new IllegalStateException("the lease was closed: take another, or close it later");
      }
      return value;
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
        count.decrement();
        bytes.add(-value.byteSize());
        if (traces != null) {
          traces.returned(this);
        }
      }
    }
  }
}
