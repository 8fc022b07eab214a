package io.ashlar.jmh.peer;

/**
 * A store as the measurements see it, open in a folder of its own.
 *
 * <p>Thread: any.
 */
public interface PeerStore extends AutoCloseable {

  /** Returns what a commit that returned survives, and what was set to make it so. */
  String durability();

  /** Makes a writer for one thread. */
  PeerWriter openWriter();

  /**
   * Copies a value to the start of a thread's read buffer and returns its length, or −1 when there
   * is none.
   */
  long read(int id, ReadBuffer target);

  /** Makes a reader for one thread, which keeps what a thread that reads often would keep. */
  default PeerReader openReader() {
    return this::read;
  }

  /** Returns how many bytes were written so far to have space ahead, beside values. */
  default long bytesGrown() {
    return 0;
  }

  /** Told once when all ids hold a value and measuring begins. */
  default void onFilled() {}

  /**
   * Has everything that was written where reads find it for good; before a first {@link #pause}.
   */
  default void settle() {}

  /** Lets go of what it keeps mapped of its files; no reader is open. */
  default void coolDown() {}

  /**
   * Keeps work in the background still, while other stores are measured; bounded, idempotent.
   * Thread: the one that opened the store, as for {@link #resume}.
   */
  default void pause() {}

  /** Lets work in the background go on; idempotent. */
  default void resume() {}

  /** Returns facts about this store that a result should carry, or nothing. */
  default String remarks() {
    return "";
  }

  @Override
  void close();
}
