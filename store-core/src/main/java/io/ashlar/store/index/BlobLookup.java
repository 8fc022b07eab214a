package io.ashlar.store.index;

/**
 * Finds where an id's blob is: now, or as a snapshot sees it. Implementations are lock-free and
 * allocate nothing.
 */
@FunctionalInterface
public interface BlobLookup {

  /**
   * Looks an id up.
   *
   * @param into receives the entry; a tombstone or {@link BlobLocation.Kind#ABSENT} when there is
   *     no blob.
   * @return whether there is a blob: {@link BlobLocation#isLive()}.
   */
  boolean find(long idHigh, long idLow, BlobLocation into);

  /**
   * Returns whether an id's whole entry is still the one that was found (rule L21). If so, its
   * extent was not freed in between, and the bytes read from it can be verified.
   *
   * @param known what {@link #find} found here, with a blob.
   * @param now may be overwritten with the current entry.
   */
  default boolean isUnchanged(long idHigh, long idLow, BlobLocation known, BlobLocation now) {
    return find(idHigh, idLow, now) && now.sameAs(known); // L21
  }
}
