package io.ashlar.store.space;

import io.ashlar.store.format.Blocks;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.OperationApplier;

/**
 * The content of a store that takes writes: its blobs, and the blocks that they own.
 *
 * <p>Index and space agree (promise G13). An extent leaves the free space before an operation names
 * it. It returns only after the operation that gave it up is applied and a mark covers it (L2).
 * Snapshots pin what an operation gave up and they still need (L27).
 *
 * <p>Thread: changes belong to the commit role's holder (L19); lookups to any thread.
 *
 * @param index where each blob is.
 * @param applier changes the index.
 * @param space what may be done with each block.
 */
public record StoreContent(BlobIndex index, OperationApplier applier, BlockSpace space) {

  /**
   * Returns how many blocks of the file no part of the store accounts for: 0 unless there is a bug
   * (promise G13). Thread: the commit role's holder.
   *
   * @param logBlocks the blocks of the log and of the index checkpoints.
   */
  public long lostBlocks(long logBlocks) {
    return space.fileBlocks()
        - Blocks.FIRST
        - space.freeBlocks()
        - space.pendingBlocks()
        - space.pinnedBlocks()
        - space.heldBlocks()
        - space.quarantinedBlocks()
        - space.holeBlocks()
        - applier.liveBlocks()
        - logBlocks;
  }
}
