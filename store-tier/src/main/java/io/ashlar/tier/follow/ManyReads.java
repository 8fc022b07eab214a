package io.ashlar.tier.follow;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.StoreException;
import io.ashlar.store.spi.ConfinedView;
import io.ashlar.store.spi.FutureOutcomes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * Reads many blobs, {@value #READS_AT_ONCE} at a time on other threads, and shows them to a visitor
 * in the order in which they were asked for.
 *
 * <p>Thread: the caller's, which waits; made for one call. Memory: the blobs that are read at a
 * time, freed before the next are read.
 */
final class ManyReads {
  private static final int READS_AT_ONCE = 32;
  private static final MemorySegment MISSING = MemorySegment.ofArray(new byte[0]);

  private final FollowedCheckpoint followed;
  private final VerifiedReads reads;
  private final Executor threads;

  ManyReads(FollowedCheckpoint followed, VerifiedReads reads, Executor threads) {
    this.followed = followed;
    this.reads = reads;
    this.threads = threads;
  }

  /** Reads all; what {@code visitor} throws ends it. */
  void readAll(List<BlobId> ids, BatchVisitor visitor) {
    for (int from = 0; from < ids.size(); from += READS_AT_ONCE) {
      List<BlobId> some = ids.subList(from, Math.min(ids.size(), from + READS_AT_ONCE));
      try (Arena arena = Arena.ofShared()) {
        List<CompletableFuture<MemorySegment>> values = new ArrayList<>();
        for (BlobId id : some) {
          values.add(FutureOutcomes.supply(() -> value(id, arena), threads));
        }
        // All of them, before the arena can close.
        values.forEach(value -> value.exceptionally(e -> MISSING).join());
        for (int i = 0; i < some.size(); i++) {
          show(from + i, some.get(i), values.get(i), visitor);
        }
      }
    }
  }

  private MemorySegment value(BlobId id, Arena arena) {
    CheckpointIndex held = followed.current();
    try {
      long length = held.length(id);
      if (length < 0) {
        return MISSING;
      }
      MemorySegment value = arena.allocate(length);
      reads.read(held, id, value);
      return value.asReadOnly();
    } finally {
      held.release();
    }
  }

  private static void show(
      int place, BlobId id, CompletableFuture<MemorySegment> value, BatchVisitor visitor) {
    MemorySegment bytes;
    try {
      bytes = value.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof StoreException failure) {
        visitor.onFailed(place, id, failure);
        return;
      }
      throw e;
    }
    if (bytes.equals(MISSING)) {
      visitor.onMissing(place, id);
    } else {
      try (ConfinedView view = new ConfinedView(bytes)) { // gone before the batch's arena
        visitor.onBlob(place, id, view.value());
      }
    }
  }
}
