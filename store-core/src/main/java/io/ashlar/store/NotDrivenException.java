package io.ashlar.store;

/**
 * The embedder's thread no longer drives the agents of a store with {@link
 * StoreConfig.ThreadingMode#INVOKER}, and a close gave up waiting for it. The queued epochs were
 * committed. Memory, descriptors and the lock of the data file are freed once the driver invokes
 * again, or when the process ends.
 */
public final class NotDrivenException extends StoreException {

  /**
   * Creates one.
   *
   * @param message the message.
   */
  public NotDrivenException(String message) {
    super(message, null);
  }
}
