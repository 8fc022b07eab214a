package io.ashlar.tier.object;

import org.jspecify.annotations.Nullable;

/** The object asked for is not in the store. Never retryable: asking again is a new decision. */
public final class ObjectNotFoundException extends ObjectStoreException {
  private static final long serialVersionUID = 1;

  private final String key;

  /**
   * Creates one.
   *
   * @param store the store, as its {@code toString} gives it.
   * @param key the absent key.
   * @param cause what the environment threw, or null.
   */
  public ObjectNotFoundException(String store, String key, @Nullable Throwable cause) {
    super("object not found: key=" + ObjectKey.shown(key) + ", store=" + store, false, cause);
    this.key = key;
  }

  /** {@return the key that was asked for} */
  public String key() {
    return key;
  }
}
