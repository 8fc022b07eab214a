package io.ashlar.tier.key;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keys in memory.
 *
 * <p>Thread: any; immutable.
 */
public final class FrameKeyRing implements FrameKeys {
  private final FrameKey current;
  private final Map<Integer, FrameKey> keys = new HashMap<>();

  /**
   * Makes a ring.
   *
   * @param current the key that encrypts new batches.
   * @param older keys that only decrypt.
   * @throws IllegalArgumentException if two keys have the same id.
   */
  public FrameKeyRing(FrameKey current, List<FrameKey> older) {
    this.current = current;
    keys.put(current.id(), current);
    for (FrameKey key : older) {
      if (keys.put(key.id(), key) != null) {
        throw new IllegalArgumentException("two keys have the same id: id=" + key);
      }
    }
  }

  @Override
  public FrameKey current() {
    return current;
  }

  @Override
  public @Nullable FrameKey find(int id) {
    return keys.get(id);
  }

  /** {@return the ids only, the current one first} */
  @Override
  public String toString() {
    StringBuilder ids = new StringBuilder("keys ").append(Integer.toUnsignedString(current.id()));
    keys.keySet().stream()
        .filter(id -> id != current.id())
        .forEach(id -> ids.append(", ").append(Integer.toUnsignedString(id)));
    return ids.toString();
  }
}
