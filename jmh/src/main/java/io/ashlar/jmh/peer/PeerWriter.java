package io.ashlar.jmh.peer;

/**
 * One thread's way into a store.
 *
 * <p>Thread: one at a time.
 */
public interface PeerWriter extends AutoCloseable {

  /** Commits every value of the batch as one; it is durable when this returns. */
  void commit(BlobBatch batch);

  @Override
  default void close() {}
}
