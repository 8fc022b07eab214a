package io.ashlar.tier.upload;

import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.StoredBatch;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
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
  private final Supplier<TierWriter> writer;
  private final Evidence evidence;

  /**
   * @param source the same store.
   * @param locations where blobs lie now; asked each time.
   * @param writer the tier's writer; asked each time.
   */
  LocalReferences(
      BlobStore store,
      TierSource source,
      BatchReader reader,
      Supplier<BlobLocations> locations,
      Supplier<TierWriter> writer,
      Evidence evidence) {
    this.store = store;
    this.source = source;
    this.reader = reader;
    this.locations = locations;
    this.writer = writer;
    this.evidence = evidence;
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
          "an evicted blob is not in the state of its tier, so nothing is collected; "
              + Remedy.REPAIR
              + ": id="
              + change.id(),
          change.id(),
          -1,
          change.length(),
          0,
          null);
    }
    return reference;
  }

  /**
   * Has evicted blobs read back from elsewhere, durably, as far as they are the same still; once
   * the batches that they are to be read from were seen (E5 of {@link Evictor}).
   *
   * @param moves references that {@link #find} gave.
   * @throws io.ashlar.store.TierDamagedException if such a batch is missing; nothing was moved.
   */
  void moveCold(List<Eviction> moves) {
    Set<StoredBatch> targets = new LinkedHashSet<>();
    for (Eviction move : moves) {
      targets.add(Objects.requireNonNull(locations.get().stored(move.reference().first())));
    }
    evidence.requireSeen(targets, writer.get());
    source.moveCold(moves);
  }
}
