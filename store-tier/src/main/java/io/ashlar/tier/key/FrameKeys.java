package io.ashlar.tier.key;

import org.jspecify.annotations.Nullable;

/**
 * Gives the keys that frames are encrypted with. Implemented by whoever holds them, from a key
 * service perhaps; {@link FrameKeyRing} holds them in memory.
 *
 * <p>Rotation: from the moment {@link #current} gives another key, new batches are encrypted with
 * it; old ones stay readable as long as {@link #find} knows theirs. Compaction encrypts anew what
 * it copies.
 *
 * <p>Thread: any. It is asked once a batch for the current key and once a frame for another, so it
 * should answer from memory. Its {@code toString} should tell no key: settings print it.
 */
public interface FrameKeys {
  /** The key that new batches are encrypted with. */
  FrameKey current();

  /** The key of an id, or null if it is not known. */
  @Nullable FrameKey find(int id);
}
