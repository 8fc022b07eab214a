package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.fetch.BatchReader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Evicts blobs that are remote-durable: rule L30.
 *
 * <p>A blob is evicted only if all of this holds: (1) its last change is at or before the tiered
 * sequence, so the manifest that covers it is committed; (2) the tier's last entry of its id, as
 * packed by this writer or read back from the chain, has its length and CRC-32C; (3) no other
 * writer had taken over when the eviction began; (4) its change is still the last when the eviction
 * commits, which the store checks.
 *
 * <p>Empty blobs are left alone: there is nothing to free.
 *
 * <p>Thread: the tiering agent.
 */
final class Evictor {
  private static final int EPOCH_EVICTIONS_MAX = 8_192;

  private final TierSource source;
  private final TierWriter writer;
  private final BlobLocations locations;
  private final BatchReader reader;

  Evictor(TierSource source, TierWriter writer, BlobLocations locations, BatchReader reader) {
    this.source = source;
    this.writer = writer;
    this.locations = locations;
    this.reader = reader;
  }

  /**
   * Evicts in epochs of bounded size.
   *
   * @param through the tiered sequence.
   * @return how many were evicted.
   */
  long evict(long through, Predicate<BlobId> which) {
    try (ChangeList candidates = new ChangeList()) {
      source.forEachChange(
          0,
          through,
          change -> {
            if (change.kind() == BlobChange.Kind.STORED
                && change.length() > 0
                && which.test(change.id())) {
              candidates.add(change);
            }
          });
      if (candidates.size() == 0) {
        return 0;
      }
      writer.checkNotFenced();
      locate(candidates);
      return evict(candidates);
    }
  }

  /** Reads as much of the chain as it takes to know where all candidates are. */
  private void locate(ChangeList candidates) {
    long known = 0;
    while (known < candidates.size()) {
      if (locations.isKnown(candidates.get(known))) {
        known++;
      } else {
        locations.readNext(reader, false);
      }
    }
  }

  private long evict(ChangeList candidates) {
    long evicted = 0;
    List<Eviction> epoch = new ArrayList<>();
    for (long i = 0; i < candidates.size(); i++) {
      BlobChange change = candidates.get(i);
      ColdReference reference = locations.find(change);
      if (reference != null) {
        epoch.add(new Eviction(change, reference));
      }
      if (epoch.size() == EPOCH_EVICTIONS_MAX || (i + 1 == candidates.size() && !epoch.isEmpty())) {
        evicted += source.evict(epoch);
        epoch.clear();
      }
    }
    return evicted;
  }
}
