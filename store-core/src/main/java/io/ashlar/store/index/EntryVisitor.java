package io.ashlar.store.index;

/** Called for each entry by {@link BlobIndex#forEach}. */
@FunctionalInterface
public interface EntryVisitor {
  /**
   * Takes one entry; never an absent one.
   *
   * @param location valid during the call only; copy it with {@link BlobLocation#setTo} to keep it.
   */
  void visit(long idHigh, long idLow, BlobLocation location);
}
