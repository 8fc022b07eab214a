package io.ashlar.tier.laminar;

/**
 * The batch of an epoch is in the store already, written by another flush. Nothing was overwritten,
 * and the entries are still in the batcher: flush them under an epoch of their own.
 */
public final class EpochAlreadyFlushedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final long epoch;
  private final String key;

  EpochAlreadyFlushedException(long epoch, String key) {
    super(
        "epoch was flushed before; flush under a later one: epoch="
            + Long.toUnsignedString(epoch)
            + ", key="
            + key);
    this.epoch = epoch;
    this.key = key;
  }

  /** The epoch, unsigned. */
  public long epoch() {
    return epoch;
  }

  /** The key that is taken. */
  public String key() {
    return key;
  }
}
