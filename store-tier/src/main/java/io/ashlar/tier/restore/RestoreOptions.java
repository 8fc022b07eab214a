package io.ashlar.tier.restore;

/**
 * What is restored and how. Immutable; validated once, here.
 *
 * @param checkpoint the sequence of the manifest whose state is restored, 1 or more; 0 for the
 *     newest.
 * @param onto whether the store may hold blobs already. Those that the checkpoint has too, by
 *     length and CRC-32C, are verified and kept, the rest is fetched, and what the checkpoint does
 *     not have is deleted: so a restore goes on that was cut short, and one of yesterday's store
 *     fetches what changed.
 * @param pin whether the checkpoint is pinned for the time of the restore, so that no collection
 *     takes it away. It needs the right to write; without the pin, or without that right, a restore
 *     whose checkpoint is dropped says so, or begins again with the newest.
 */
public record RestoreOptions(long checkpoint, boolean onto, boolean pin) {
  /** The newest checkpoint into an empty store, pinned. */
  public static final RestoreOptions DEFAULTS = new RestoreOptions(0, false, true);

  /** Validates every setting. */
  public RestoreOptions {
    if (checkpoint < 0) {
      throw new IllegalArgumentException("checkpoint must be 0 or more: " + checkpoint);
    }
  }

  /** These options with another {@link #checkpoint}. */
  public RestoreOptions withCheckpoint(long value) {
    return new RestoreOptions(value, onto, pin);
  }

  /** These options with another {@link #onto}. */
  public RestoreOptions withOnto(boolean value) {
    return new RestoreOptions(checkpoint, value, pin);
  }

  /** These options with another {@link #pin}. */
  public RestoreOptions withPin(boolean value) {
    return new RestoreOptions(checkpoint, onto, value);
  }
}
