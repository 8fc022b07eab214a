package io.ashlar.tier.upload;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.EvictedVisitor;
import io.ashlar.store.spi.Eviction;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.StoredBatch;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The references of a store's evicted blobs into its tier, for collections. They say which batches
 * the blobs are read back from, and can be moved to another copy of the same bytes.
 *
 * <p>Thread: the tiering agent.
 */
final class LocalReferences {
  private final ClaimedPrefix prefix;

  LocalReferences(ClaimedPrefix prefix) {
    this.prefix = prefix;
  }

  /** Visits every evicted blob. */
  void forEachEvicted(EvictedVisitor visitor) {
    prefix.source().forEachEvicted(visitor);
  }

  /** The last log sequence: a snapshot that is opened from now on has it, or a later one. */
  long sequence() {
    return prefix.store().stats().sequence();
  }

  /** The log sequence of the oldest open snapshot. */
  long oldestSnapshotSequence() {
    return prefix.source().oldestSnapshotSequence();
  }

  /** Reads what is not known yet of where blobs lie. */
  void readAll() {
    BlobLocations now = prefix.locations();
    while (now.hasUnread()) {
      now.readNext(prefix.reader(), false);
    }
  }

  /**
   * Where the bytes of an evicted blob lie in the tier's newest state.
   *
   * @throws CorruptionException if they do not.
   */
  ColdReference find(BlobChange change) {
    ColdReference reference = prefix.locations().find(change);
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
   * Moves the references of evicted blobs, durably, once the target batches were seen (E5 of {@link
   * Evictor}). A reference whose blob has changed since is not moved.
   *
   * @param moves references that {@link #find} gave.
   * @throws io.ashlar.store.TierDamagedException if such a batch is missing; nothing was moved.
   */
  void moveCold(List<Eviction> moves) {
    Set<StoredBatch> targets = new LinkedHashSet<>();
    for (Eviction move : moves) {
      targets.add(Objects.requireNonNull(prefix.locations().stored(move.reference().first())));
    }
    prefix.evidence().requireSeen(targets, prefix.writer());
    prefix.source().moveCold(moves);
  }
}
