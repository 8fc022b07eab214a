package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * The store ended a snapshot, because keeping it would have taken more memory than it may: commits
 * never wait for a reader. Nothing that was read through it before is wrong. Open a new snapshot
 * and begin again; close snapshots sooner, or raise {@code snapshotEntriesMax}.
 */
public final class SnapshotEndedException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public SnapshotEndedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
