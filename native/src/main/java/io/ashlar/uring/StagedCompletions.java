package io.ashlar.uring;

/**
 * Completions taken out of the ring before anybody asked for them, so that the kernel has room
 * again; a queue, bounded.
 *
 * <p>Thread: the ring's owner. Allocates nothing after construction.
 */
final class StagedCompletions {
  private final long[] userData;
  private final int[] results;
  private final int[] flags;
  private int first;
  private int count;

  StagedCompletions(int capacity) {
    userData = new long[capacity];
    results = new int[capacity];
    flags = new int[capacity];
  }

  /** Takes the ready completions, as far as there is room; returns how many it took. */
  int takeAll(RingMemory ring) {
    int taken = 0;
    while (hasRoom() && ring.completionsReady() > 0) {
      int place = (first + count) % userData.length;
      userData[place] = ring.userData();
      results[place] = ring.result();
      flags[place] = ring.completionFlags();
      ring.consumeCompletion();
      count++;
      taken++;
    }
    return taken;
  }

  boolean hasRoom() {
    return count < userData.length;
  }

  boolean isEmpty() {
    return count == 0;
  }

  int count() {
    return count;
  }

  long userData() {
    return userData[first];
  }

  int result() {
    return results[first];
  }

  int flags() {
    return flags[first];
  }

  void consume() {
    first = (first + 1) % userData.length;
    count--;
  }
}
