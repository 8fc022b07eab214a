package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * Retention has dropped the tier checkpoint that was requested or being read. Nothing is damaged.
 * Choose a retained checkpoint or the newest. To keep more checkpoints, raise the retention limits.
 */
public final class CheckpointDroppedException extends StoreException {

  private final long checkpoint;
  private final long retainedFrom;
  private final long retainedThrough;

  /**
   * Creates one for a checkpoint.
   *
   * @param message the message.
   * @param checkpoint the sequence of the checkpoint that was dropped.
   * @param retainedFrom the oldest checkpoint that is retained.
   * @param retainedThrough the newest checkpoint; every sequence between the two is retained too.
   * @param cause the cause, or null.
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

  /** {@return the sequence of the checkpoint that was dropped} */
  public long checkpoint() {
    return checkpoint;
  }

  /** {@return the sequence of the oldest retained checkpoint at the time of the failure} */
  public long retainedFrom() {
    return retainedFrom;
  }

  /** {@return the sequence of the newest checkpoint at the time of the failure} */
  public long retainedThrough() {
    return retainedThrough;
  }
}
