package io.ashlar.tier.prefix;

import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSource;

/**
 * Decides whether a store may take over the tier that another store wrote: only if it holds, blob
 * by blob, what the chain holds.
 *
 * <p>Taking over declares everything up to the store's marked sequence M to be in the chain. So for
 * each id whose last change is at or before M, the chain's last entry must be that very blob (by
 * length and CRC-32C), or a delete, or nothing, if the store holds none; and no id that is live in
 * the chain may be unknown to the store. Ids that changed after M are left out: their changes are
 * uploaded by the next pass, deletes as well, since the store keeps them from before M was read.
 *
 * <p>Nobody's word is taken for it, not even that of the restore that filled the store: the chain's
 * batches are read again, each once, and no blob of the store is. What was read serves eviction
 * afterwards.
 *
 * <p>The comparison visits each local id once. A store that is written to meanwhile may be refused
 * without need; it is never accepted wrongly.
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
   * @param chain everything that the chain holds: nothing unread.
   */
  Adoption(TierSource source, BlobLocations chain, String prefix) {
    this.source = source;
    this.chain = chain;
    this.prefix = prefix;
  }

  /**
   * Compares.
   *
   * @return M: the sequence up to which all that the store holds is in the chain.
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
