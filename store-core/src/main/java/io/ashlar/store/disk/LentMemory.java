package io.ashlar.store.disk;

/** Memory that somebody holds for a while, and gives back once. Thread: any. */
@FunctionalInterface
public interface LentMemory {

  /** Gives the memory back: whoever held it uses it no more. */
  void release();
}
