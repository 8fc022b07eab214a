package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The checkpoint of a tier that was asked for, or was being read, is not kept any more: retention
 * dropped it. Nothing is damaged. Choose one of the checkpoints that are retained, or the newest;
 * to keep more of them, raise what retention keeps.
 */
public final class CheckpointDroppedException extends StoreException {

  private final long checkpoint;
  private final long retainedFrom;
  private final long retainedThrough;

  /**
   * Creates one for a checkpoint.
   *
   * @param checkpoint the sequence of the checkpoint that was dropped.
   * @param retainedFrom the oldest checkpoint that is retained.
   * @param retainedThrough the newest one; every sequence between is retained, too.
   */
  public CheckpointDroppedException(
      String message,
      long checkpoint,
      long retainedFrom,
      long retainedThrough,
      @Nullable Throwable cause) {
    super(message, cause);
    this.checkpoint = checkpoint;
    this.retainedFrom = retainedFrom;
    this.retainedThrough = retainedThrough;
  }

  /** Returns the sequence of the checkpoint that was dropped. */
  public long checkpoint() {
    return checkpoint;
  }

  /** Returns the sequence of the oldest checkpoint that was retained when this was found out. */
  public long retainedFrom() {
    return retainedFrom;
  }

  /** Returns the sequence of the newest checkpoint when this was found out. */
  public long retainedThrough() {
    return retainedThrough;
  }
}
