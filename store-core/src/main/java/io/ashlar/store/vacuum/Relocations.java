package io.ashlar.store.vacuum;

import io.ashlar.store.index.OperationApplier;

/**
 * Blobs whose bytes were copied, durably, to extents that nothing refers to yet, and the epoch that
 * is to move their entries there.
 */
public interface Relocations {

  /** Takes one relocation. */
  @FunctionalInterface
  interface Visitor {

    /** A blob of this version that lies at {@code startBlock} has a copy at {@code newBlock}. */
    void visit(long idHigh, long idLow, long version, long startBlock, long newBlock);
  }

  /** Returns the blocks of all copies, which count as held until the epoch is published. */
  long heldBlocks();

  /** Visits all of them, in order. */
  void forEach(Visitor visitor);

  /**
   * The record is durable and its operations were applied, where they matched (rule L16); copies of
   * those that did not are given to {@code unused}. Thread: the commit role's holder, right after
   * they were applied.
   */
  void onPublished(OperationApplier.FreedExtents unused);

  /**
   * The epoch will not be committed, and the copies are held no longer. Thread: the commit role's
   * holder.
   */
  void onRefused();
}
