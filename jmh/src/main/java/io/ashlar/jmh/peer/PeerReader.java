package io.ashlar.jmh.peer;

/**
 * One thread's way of reading from a store.
 *
 * <p>Thread: one at a time.
 */
public interface PeerReader extends AutoCloseable {

  /** Reads a value, to the start of the buffer or in place; returns its length, or −1. */
  long read(int id, ReadBuffer target);

  @Override
  default void close() {}
}
