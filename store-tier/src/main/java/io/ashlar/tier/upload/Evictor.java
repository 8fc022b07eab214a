package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.SpaceConfig;
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
  private static final long BLOCK_BYTES = 4096;

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
    return evict(through, Long.MAX_VALUE, which);
  }

  /**
   * Evicts those that were written longest ago.
   *
   * @param through the tiered sequence.
   * @param bytesWanted stops when this many bytes of the data file are freed.
   * @return how many were evicted.
   */
  long evict(long through, long bytesWanted, Predicate<BlobId> which) {
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
      long count = candidates.size();
      if (bytesWanted < Long.MAX_VALUE) {
        candidates.sort();
        count = countFor(candidates, bytesWanted);
      }
      if (count == 0) {
        return 0;
      }
      writer.checkNotFenced();
      locate(candidates, count);
      return evict(candidates, count);
    }
  }

  /**
   * Evicts those that were written longest ago if there are too many local bytes, in whole blocks.
   *
   * @param through the tiered sequence.
   * @return how many were evicted.
   */
  long relieve(long through, SpaceConfig space) {
    long[] local = new long[1];
    source.forEachChange(
        0,
        Long.MAX_VALUE,
        change -> local[0] += change.kind() == BlobChange.Kind.STORED ? blockBytes(change) : 0);
    return local[0] > space.highBytes()
        ? evict(through, local[0] - space.lowBytes(), id -> true)
        : 0;
  }

  private static long blockBytes(BlobChange change) {
    return (change.length() + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  }

  /** How many of the first candidates have so many bytes, in whole blocks. */
  private static long countFor(ChangeList candidates, long bytesWanted) {
    long bytes = 0;
    long count = 0;
    while (count < candidates.size() && bytes < bytesWanted) {
      bytes += blockBytes(candidates.get(count++));
    }
    return count;
  }

  /** Reads as much of the chain as it takes to know where all candidates are. */
  private void locate(ChangeList candidates, long count) {
    long known = 0;
    while (known < count) {
      if (locations.isKnown(candidates.get(known))) {
        known++;
      } else {
        locations.readNext(reader, false);
      }
    }
  }

  private long evict(ChangeList candidates, long count) {
    long evicted = 0;
    List<Eviction> epoch = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      BlobChange change = candidates.get(i);
      ColdReference reference = locations.find(change);
      if (reference != null) {
        epoch.add(new Eviction(change, reference));
      }
      if (epoch.size() == EPOCH_EVICTIONS_MAX || (i + 1 == count && !epoch.isEmpty())) {
        evicted += source.evict(epoch);
        epoch.clear();
      }
    }
    return evicted;
  }
}
