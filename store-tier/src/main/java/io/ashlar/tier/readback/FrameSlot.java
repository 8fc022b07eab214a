package io.ashlar.tier.readback;

import io.ashlar.store.spi.ColdReference;
import java.util.concurrent.CompletableFuture;

/**
 * One entry of a {@link BatchCache}: frames of a batch, or a whole old batch, that are asked for,
 * being fetched, or kept.
 *
 * <p>Thread: any for the final fields; the others are guarded by the lock of {@link SlotTable}.
 * Memory: what {@link #fetched} holds is freed when the slot is dropped and has no users left.
 */
final class FrameSlot {
  final ColdReference reference;
  final ColdPlace place;
  final CompletableFuture<DecodedBatch> fetched = new CompletableFuture<>();

  // Guarded by the table's lock.
  int users;
  long bytes;
  boolean dropped;
  boolean waiting = true;

  FrameSlot(ColdReference reference, ColdPlace place) {
    this.reference = reference;
    this.place = place;
  }

  /** First byte of the frames in the batch. */
  long offset() {
    return place.offset();
  }

  /** The byte after the last one of the frames. */
  long end() {
    return place.offset() + place.length();
  }
}
