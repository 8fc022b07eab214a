package io.ashlar.store.vacuum;

import io.ashlar.store.checkpoint.IndexCheckpointer;

/** The part of the write path that vacuum needs. Thread: any, unless a method says otherwise. */
public interface CommitAccess {

  /**
   * Runs something small as the holder of the commit role, and waits for it (rules L19, L20).
   *
   * @throws io.ashlar.store.StoreFailedException if the store has failed beyond that.
   */
  void perform(Runnable task);

  /**
   * Commits relocations in an epoch of their own, and waits until it is durable.
   *
   * @throws io.ashlar.store.StoreException as {@link io.ashlar.store.Epoch#commit}; they were
   *     refused then, or the store failed.
   */
  void commit(Relocations relocations);

  /** Writes a mark after the last record, so that the extents it freed can be used (rule L2). */
  void mark();

  /**
   * Returns whether the log has blocks at or above {@code limit}, or keeps several times what suits
   * a file of {@code fileBlocks} blocks. Thread: the role's holder.
   */
  boolean isLogOutOfPlace(long limit, long fileBlocks);

  /**
   * Moves the log on to its next extent, and reserves one to follow that which lies further down
   * and suits a file of {@code fileBlocks} blocks.
   *
   * @return false when there was no room for that.
   */
  boolean moveLog(long fileBlocks);

  /** Returns the blocks that the log keeps for records to come in a file of this length. */
  long logBlocks(long fileBlocks);

  /** Begins an index checkpoint, unless one is being written. Thread: the role's holder. */
  void startCheckpoint();

  /** Returns the writer of index checkpoints. */
  IndexCheckpointer checkpointer();
}
