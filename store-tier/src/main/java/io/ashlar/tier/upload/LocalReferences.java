package io.ashlar.tier.upload;

import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.fetch.BatchReader;
import java.util.List;
import java.util.function.Supplier;

/**
 * What a collection has to know of the store whose tier it is: which batches its evicted blobs are
 * read back from, and where they could be read from instead.
 *
 * <p>Thread: the tiering agent.
 */
final class LocalReferences {
  private final BlobStore store;
  private final TierSource source;
  private final BatchReader reader;
  private final Supplier<BlobLocations> locations;

  /**
   * @param source the same store.
   * @param locations where blobs lie now; asked each time.
   */
  LocalReferences(
      BlobStore store, TierSource source, BatchReader reader, Supplier<BlobLocations> locations) {
    this.store = store;
    this.source = source;
    this.reader = reader;
    this.locations = locations;
  }

  /** Visits every evicted blob. */
  void forEachEvicted(EvictedVisitor visitor) {
    source.forEachEvicted(visitor);
  }

  /** The last log sequence: a snapshot that is opened from now on has it, or a later one. */
  long sequence() {
    return store.stats().sequence();
  }

  /** The log sequence of the oldest open snapshot. */
  long oldestSnapshotSequence() {
    return source.oldestSnapshotSequence();
  }

  /** Reads what is not known yet of where blobs lie. */
  void readAll() {
    BlobLocations now = locations.get();
    while (now.hasUnread()) {
      now.readNext(reader, false);
    }
  }

  /**
   * Where the bytes of an evicted blob lie in the tier's newest state.
   *
   * @throws CorruptionException if they do not.
   */
  ColdReference find(BlobChange change) {
    ColdReference reference = locations.get().find(change);
    if (reference == null) {
      throw new CorruptionException(
          "an evicted blob is not in the state of its tier, so nothing is collected: id="
              + change.id(),
          change.id(),
          -1,
          change.length(),
          0,
          null);
    }
    return reference;
  }

  /** Has evicted blobs read back from elsewhere, durably, as far as they are the same still. */
  void moveCold(List<Eviction> moves) {
    source.moveCold(moves);
  }
}
