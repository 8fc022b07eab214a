package io.ashlar.store.index;

/** Keeps entries that a snapshot still needs when an operation supersedes them. */
@FunctionalInterface
public interface EntryKeeper {

  /**
   * Decides about an entry that an operation is about to replace, delete or evict. The change of
   * the index follows this call, never the other way round: a reader that finds the new entry finds
   * the old one kept.
   *
   * <p>Thread: the commit role's holder. Must not throw.
   *
   * @param entry the entry as it still is in the index; copied.
   * @param sequence the record whose operation it is.
   * @return whether it was kept: its extent must then not be freed.
   */
  boolean keep(long idHigh, long idLow, BlobLocation entry, long sequence);
}
