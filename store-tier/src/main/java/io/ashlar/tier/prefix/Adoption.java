package io.ashlar.tier.prefix;

import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSource;

/**
 * Decides whether a store may take over the tier of another store: it must hold, blob by blob, what
 * the chain holds.
 *
 * <p>Taking over declares everything up to the store's marked sequence M to be in the chain. So for
 * each id whose last change is at or before M, the chain's last entry must be:
 *
 * <ul>
 *   <li>that very blob, by length and CRC-32C, if the store holds one;
 *   <li>a delete, or nothing, if the store holds none.
 * </ul>
 *
 * <p>No id that is live in the chain may be unknown to the store. Ids that changed after M are left
 * out: the next pass uploads their changes. That includes deletes, which the store keeps from
 * before M was read.
 *
 * <p>The restore that filled the store proves nothing here. The chain's batches are read again,
 * each once; no blob of the store is read. Eviction uses the locations that this finds.
 *
 * <p>The comparison visits each local id once. A store that is written to meanwhile may be refused
 * needlessly, but is never accepted wrongly.
 *
 * <p>Thread: one.
 */
final class Adoption {
  private final TierSource source;
  private final BlobLocations chain;
  private final String prefix;

  private long same;
  private long changedSince;
  private long different;

  /**
   * @param chain the locations of all blobs in the chain, completely read.
   */
  Adoption(TierSource source, BlobLocations chain, String prefix) {
    this.source = source;
    this.chain = chain;
    this.prefix = prefix;
  }

  /**
   * Compares.
   *
   * @return M: the sequence up to which the chain has every change of the store.
   * @throws StoreOpenException if the contents differ.
   */
  long check() {
    same = 0;
    changedSince = 0;
    different = 0;
    long marked = source.markedSequence();
    source.forEachChange(0, Long.MAX_VALUE, change -> compare(change, marked));
    if (different > 0 || same + changedSince != chain.liveRead()) {
      throw new StoreOpenException(
          "this store cannot adopt the prefix, as it does not hold what was tiered there: restore"
              + " it from there again, or tier it to another prefix: prefix="
              + prefix
              + ", blobs there="
              + chain.liveRead()
              + ", the same here="
              + same
              + ", changed since="
              + changedSince
              + ", different here="
              + different,
          null);
    }
    return marked;
  }

  private void compare(BlobChange change, long marked) {
    if (change.sequence() > marked) {
      if (chain.isLive(change)) {
        changedSince++;
      }
    } else if (change.kind() == BlobChange.Kind.STORED && chain.find(change) != null) {
      same++;
    } else if (change.kind() != BlobChange.Kind.DELETED || chain.isLive(change)) {
      different++;
    }
  }
}
