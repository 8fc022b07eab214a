package io.ashlar.tier.key;

import org.jspecify.annotations.Nullable;

/**
 * Supplies the keys that frames are encrypted with. {@link FrameKeyRing} holds keys in memory;
 * implement this interface to get them from a key service.
 *
 * <p>Rotation: once {@link #current} returns another key, new batches are encrypted with it. Older
 * batches stay readable as long as {@link #find} knows their keys. Compaction encrypts its copies
 * with the current key.
 *
 * <p>Thread: any, several at once. {@link #current} is called once a batch and {@link #find} once a
 * frame, so answer from memory. An exception fails the read or the upload. Settings print this
 * object, so its {@code toString} must not reveal a key.
 */
public interface FrameKeys {
  /** {@return the key that new batches are encrypted with} */
  FrameKey current();

  /**
   * {@return the key of an id, or null if it is not known}
   *
   * @param id an unsigned number, as {@link FrameKey#id} has it.
   */
  @Nullable FrameKey find(int id);
}
