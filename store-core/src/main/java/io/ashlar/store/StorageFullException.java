package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * No space: the epoch was not applied at all; reads and deletes go on. Free space (delete, evict,
 * grow the file system) and commit again.
 */
public final class StorageFullException extends StoreException {

  /** Creates one with a message and the failure behind it, if there is one. */
  public StorageFullException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
