package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The store ended a snapshot that needed more memory than the limit, because commits never wait for
 * a reader. Everything read through it before is correct. Open a new snapshot and begin again.
 * Close snapshots sooner, or raise {@code snapshotEntriesMax}.
 */
public final class SnapshotEndedException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public SnapshotEndedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
