package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.SpaceConfig;
import io.ashlar.tier.pack.ChangeList;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.StoredBatch;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Evicts blobs that are remote-durable: rule L30.
 *
 * <p><b>Invariant.</b> A local copy is dropped only if all of this holds:
 *
 * <ol>
 *   <li>E1. The blob's last change is at or before the tiered sequence. So the manifest that covers
 *       it is committed, and the store's file says so.
 *   <li>E2. The tier's last entry of its id, as packed by this writer or read back from the chain,
 *       has its length and CRC-32C.
 *   <li>E3. No other writer had taken over when the eviction began.
 *   <li>E4. The chain and the batches that evicted blobs need were there at the last check. That
 *       check was made in this open, not longer ago than the interval. Each manifest that was
 *       committed since was seen.
 *   <li>E5. The batch that holds the entry was seen in the object store, in this open and after its
 *       manifest was committed. Seen means its existence, its length, and its checksum if the
 *       server tells it.
 *   <li>E6. The change is still the last of its id when the eviction commits; the store checks it.
 * </ol>
 *
 * <p>E4 and E5 are {@link Evidence}'s. They hold for every eviction, whether asked for or not. E5
 * also holds before references of evicted blobs move to another batch, in a compaction. A repair
 * first reads the index of that batch. Repair also checks the batches that it wrote before the base
 * that lists them.
 *
 * <p><b>Steps, and what a crash or a failure there leaves.</b> Until step 6 nothing changes.
 *
 * <table>
 *   <caption>Steps</caption>
 *   <tr><th></th><th>step</th><th>if it finds damage</th><th>no answer, or a crash</th></tr>
 *   <tr><td>1</td><td>choose the blobs; if there are none, nothing is asked</td><td></td>
 *       <td>nothing</td></tr>
 *   <tr><td>2</td><td>E3: no manifest follows the last one, and the boundary lies below it</td>
 *       <td>fenced, or a damaged boundary: nothing is evicted</td><td>nothing is evicted</td></tr>
 *   <tr><td>3</td><td>E4: list manifests and batches if that is due; ask for new manifests</td>
 *       <td>nothing is evicted; the next eviction checks everything again</td>
 *       <td>nothing is evicted; what was not checked is due still</td></tr>
 *   <tr><td>4</td><td>E2: read as much of the chain as it takes to know where the blobs are</td>
 *       <td>as 3</td><td>nothing is evicted; what was read is kept</td></tr>
 *   <tr><td>5</td><td>E5: ask for each batch that was not seen yet, or list them all</td>
 *       <td>as 3; of the batches of this eviction none counts as seen</td><td>as 3</td></tr>
 *   <tr><td>6</td><td>E6: commit evictions, in epochs of bounded size</td><td></td>
 *       <td>the epochs that are durable are evicted, the other blobs are in both places</td></tr>
 * </table>
 *
 * <p>What is lost after step 5 is found by a later check, by a read, or by a scrub. Batches of the
 * right length with other bytes are found only if the server tells checksums, or if this process
 * stored them. They are not found if more than {@value Evidence#HEADS_MAX} batches are needed at
 * once.
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
  private final Evidence evidence;

  /**
   * Evictions from a claimed prefix.
   *
   * @throws io.ashlar.store.FencedException if another writer took over.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws io.ashlar.store.StoreClosedException if the agent is closed.
   */
  Evictor(ClaimedPrefix prefix) {
    this.source = prefix.source();
    this.writer = prefix.settledWriter();
    this.locations = prefix.locations();
    this.reader = prefix.reader();
    this.evidence = prefix.evidence();
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
        candidates.sort(source.backgroundWork());
        count = countFor(candidates, bytesWanted);
      }
      if (count == 0) {
        return 0;
      }
      prove(candidates, count);
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

  /** How many of the first candidates take the wanted bytes, in whole blocks. */
  private static long countFor(ChangeList candidates, long bytesWanted) {
    long bytes = 0;
    long count = 0;
    while (count < candidates.size() && bytes < bytesWanted) {
      bytes += blockBytes(candidates.get(count++));
    }
    return count;
  }

  /** Steps 2 to 5. */
  private void prove(ChangeList candidates, long count) {
    try {
      writer.checkNotFenced();
      evidence.checkPresence(writer, locations);
      locate(candidates, count);
    } catch (CorruptionException damaged) {
      throw evidence.stopped(damaged);
    }
    Set<StoredBatch> batches = new LinkedHashSet<>();
    long previous = 0; // most candidates lie in the batch of the one before
    for (long i = 0; i < count; i++) {
      ColdReference reference = locations.find(candidates.get(i));
      if (reference != null && reference.first() != previous) {
        previous = reference.first();
        batches.add(Objects.requireNonNull(locations.stored(previous)));
      }
    }
    evidence.requireSeen(batches, writer);
    evidence.complete();
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
