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

  /** Told once when all ids hold a value and measuring begins. */
  default void onFilled() {}

  /** Keeps work in the background still, while other stores are measured; bounded. */
  default void pause() {}

  /** Lets work in the background go on. */
  default void resume() {}

  /** Returns facts about this store that a result should carry, or nothing. */
  default String remarks() {
    return "";
  }

  @Override
  void close();
}
