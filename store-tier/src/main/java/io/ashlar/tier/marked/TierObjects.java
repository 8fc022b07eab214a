package io.ashlar.tier.marked;

import io.ashlar.store.spi.Callbacks;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import org.jspecify.annotations.Nullable;

/**
 * The objects of a tier, and the keys that its batches are encrypted with. Code that reads or
 * writes batches takes both together.
 *
 * <p>It is not an object store, and no object store carries keys. So a wrapper around a store, for
 * retries or limits, cannot lose the keys.
 *
 * <p>Thread: any.
 *
 * @param store the objects; stays with its opener.
 * @param keys the keys; null if batches are written without encryption, and encrypted ones cannot
 *     be read.
 * @param marks the threads that are within a call of these two; null if nothing waits for them but
 *     the call itself.
 */
public record TierObjects(
    ObjectStore store, @Nullable FrameKeys keys, @Nullable RequestMarks marks) {

  /** Objects of what has no threads that others wait for, as a restore. */
  public TierObjects(ObjectStore store, @Nullable FrameKeys keys) {
    this(store, keys, null);
  }

  /** Objects of a tier or a follower, whose calls of the two are marked as callbacks. */
  public static TierObjects marked(
      ObjectStore store, @Nullable FrameKeys keys, Callbacks callbacks) {
    RequestMarks marks = new RequestMarks(callbacks);
    return new TierObjects(
        new MarkedObjectStore(store, marks),
        keys == null ? null : new MarkedKeys(keys, marks),
        marks);
  }

  /**
   * Refuses to read from the tier within a call of its store or keys.
   *
   * @throws IllegalStateException if this thread is within one.
   */
  public void refuseWithinRequest() {
    if (marks != null) {
      marks.refuseWithin();
    }
  }

  /** That of the store; says nothing of keys. */
  @Override
  public String toString() {
    return store.toString();
  }
}
