package io.ashlar.store.snapshot;

/**
 * A set of ids on the heap, 20 to 40 bytes each, that is emptied again and again.
 *
 * <p>Thread: one.
 */
final class IdSet {

  private static final int CAPACITY_MIN = 4096; // a power of two

  private long[] ids = new long[2 * CAPACITY_MIN];
  private int[] rounds = new int[CAPACITY_MIN]; // a slot is in use if it says the current round
  private int round = 1;
  private int count;

  /** Empties it. */
  void clear() {
    round++;
    count = 0;
  }

  /** Adds an id; returns whether it was not there. */
  boolean add(long idHigh, long idLow) {
    if (2 * count >= rounds.length) {
      grow();
    }
    int slot = slotOf(idHigh, idLow);
    if (rounds[slot] == round) {
      return false;
    }
    rounds[slot] = round;
    ids[2 * slot] = idHigh;
    ids[2 * slot + 1] = idLow;
    count++;
    return true;
  }

  /** Returns the slot that has an id, or the free one where it belongs. */
  private int slotOf(long idHigh, long idLow) {
    long mixed = (idHigh * 0x9e3779b97f4a7c15L ^ idLow) * 0xbf58476d1ce4e5b9L;
    int slot = (int) (mixed >>> 32) & (rounds.length - 1);
    while (rounds[slot] == round && (ids[2 * slot] != idHigh || ids[2 * slot + 1] != idLow)) {
      slot = (slot + 1) & (rounds.length - 1);
    }
    return slot;
  }

  private void grow() {
    long[] oldIds = ids;
    int[] oldRounds = rounds;
    ids = new long[2 * oldIds.length];
    rounds = new int[2 * oldRounds.length];
    for (int slot = 0; slot < oldRounds.length; slot++) {
      if (oldRounds[slot] == round) {
        int moved = slotOf(oldIds[2 * slot], oldIds[2 * slot + 1]);
        rounds[moved] = round;
        ids[2 * moved] = oldIds[2 * slot];
        ids[2 * moved + 1] = oldIds[2 * slot + 1];
      }
    }
  }
}
