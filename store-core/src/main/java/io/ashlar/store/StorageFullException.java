package io.ashlar.store;

import org.jspecify.annotations.Nullable;

/**
 * There is no space: nothing of the epoch was applied. Reads and deletes continue to work. Free
 * space (delete, evict, grow the file system) and commit again.
 */
public final class StorageFullException extends StoreException {

  /**
   * Creates one with a message and its cause, if there is one.
   *
   * @param message the message.
   * @param cause the cause, or null.
   */
  public StorageFullException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
