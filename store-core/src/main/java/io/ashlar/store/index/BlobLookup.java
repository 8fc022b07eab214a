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
}
