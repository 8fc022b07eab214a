package io.ashlar.store.disk;

/** Memory that somebody holds for a while, and gives back once. Thread: any. */
@FunctionalInterface
public interface LentMemory {

  /** Returns the memory; its former holder no longer uses it. */
  void release();

  /**
   * Gives the memory back after its store was closed. Does nothing unless overridden: most memory
   * goes with the store.
   */
  default void releaseLate() {}
}
