package io.ashlar.store.commit.group;

import io.ashlar.store.StorageFullException;
import io.ashlar.store.commit.epoch.EpochBuffer;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.uring.NativeException;
import java.lang.foreign.MemorySegment;

/**
 * Refuses epochs for which there is no space: each fails by itself (G7), and what it held is free.
 *
 * <p>Thread: the commit role's holder.
 */
public final class Refusals {

  private final BlockSpace space;
  private final AckSequencer acks;

  Refusals(BlockSpace space, AckSequencer acks) {
    this.space = space;
    this.acks = acks;
  }

  /**
   * Fails an epoch, every write of which has ended.
   *
   * @param blocks how many it needed.
   */
  public void refuse(EpochBuffer epoch, long blocks) {
    acks.deliver();
    freePlaced(epoch);
    epoch.releaseBuffers();
    acks.ackFailed(epoch, full(blocks));
  }

  /** Returns the exception for an allocation of {@code blocks} blocks that found no space. */
  public StorageFullException full(long blocks) {
    NativeException cause = space.growthFailure();
    return new StorageFullException(
        "no space in the data file; the epoch was not applied: free some space, close snapshots or"
            + " enlarge the file system: neededBytes="
            + Blocks.offset(blocks)
            + ", freeBytes="
            + Blocks.offset(space.freeBlocks())
            + ", pinnedBySnapshotsBytes="
            + Blocks.offset(space.pinnedBlocks())
            + ", fileBytes="
            + Blocks.offset(space.fileBlocks())
            + (cause == null ? "" : ", growth=" + cause.getMessage()),
        cause);
  }

  /** Frees the extents of an epoch to which nothing refers and whose writes have ended. */
  public void freePlaced(EpochBuffer epoch) {
    space.unhold(epoch.heldBlocks());
    epoch.noteRefused();
    MemorySegment operations = epoch.operations();
    for (long offset = 0; offset < epoch.operationBytes(); ) {
      int kind = OperationFormat.kind(operations, offset);
      if (kind == OperationFormat.PUT && OperationFormat.startBlock(operations, offset) > 0) {
        space.free(
            OperationFormat.startBlock(operations, offset),
            OperationFormat.blocks(operations, offset));
      }
      offset += OperationFormat.bytes(kind);
    }
  }
}
