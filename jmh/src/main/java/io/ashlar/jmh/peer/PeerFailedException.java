package io.ashlar.jmh.peer;

/** A measured store failed: what it threw is the cause, and no number of this run counts. */
public final class PeerFailedException extends RuntimeException {

  /** Names the store and the operation that failed. */
  public PeerFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
