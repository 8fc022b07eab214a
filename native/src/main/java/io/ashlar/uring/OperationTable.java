package io.ashlar.uring;

import org.jspecify.annotations.Nullable;

/**
 * The operations of a ring whose last completion has not been seen: one slot each.
 *
 * <p>{@code user_data} is {@code generation << 32 | slot}. A slot's generation rises whenever it is
 * freed. So a completion that comes twice, or that belongs to no operation, differs from every
 * operation of the last 2<sup>32</sup> uses of its slot.
 *
 * <p>Thread: the ring's owner. Allocates nothing after construction.
 */
final class OperationTable {
  static final int NOT_FOUND = -1;

  private final long[] tokens;
  private final int[] generations;
  private final Kind[] kinds;
  private final @Nullable Object[] memory;
  private final int[] free;
  private int freeCount;
  private int pollCount;

  /** The completions that an operation may have, and their recipient. */
  enum Kind {
    FREE,
    ONCE,
    MULTISHOT,
    INTERNAL
  }

  OperationTable(int capacity) {
    tokens = new long[capacity];
    generations = new int[capacity];
    kinds = new Kind[capacity];
    memory = new Object[capacity];
    free = new int[capacity];
    for (int slot = 0; slot < capacity; slot++) {
      kinds[slot] = Kind.FREE;
      // Generation 0 in slot 0 would make user_data 0, which a kernel bug would produce first.
      generations[slot] = 1;
      free[slot] = capacity - 1 - slot;
    }
    freeCount = capacity;
  }

  int capacity() {
    return free.length;
  }

  int used() {
    return free.length - freeCount;
  }

  /** Returns how many of those in use are multishot polls. */
  int polls() {
    return pollCount;
  }

  boolean isFull() {
    return freeCount == 0;
  }

  /**
   * Takes a slot and returns its {@code user_data}.
   *
   * @param kept the object that must stay reachable until the last completion.
   */
  long take(Kind kind, long token, @Nullable Object kept) {
    int slot = free[--freeCount];
    tokens[slot] = token;
    kinds[slot] = kind;
    pollCount += kind == Kind.MULTISHOT ? 1 : 0;
    memory[slot] = kept;
    return userData(slot);
  }

  /** Returns the slot of an operation that is in flight, or {@link #NOT_FOUND}. */
  int find(long userData) {
    int slot = (int) userData;
    boolean known =
        slot >= 0
            && slot < kinds.length
            && kinds[slot] != Kind.FREE
            && generations[slot] == (int) (userData >>> 32);
    return known ? slot : NOT_FOUND;
  }

  long userData(int slot) {
    return (long) generations[slot] << 32 | slot;
  }

  long token(int slot) {
    return tokens[slot];
  }

  Kind kind(int slot) {
    return kinds[slot];
  }

  /** Frees a slot after its last completion. */
  void release(int slot) {
    pollCount -= kinds[slot] == Kind.MULTISHOT ? 1 : 0;
    kinds[slot] = Kind.FREE;
    memory[slot] = null;
    generations[slot]++;
    free[freeCount++] = slot;
  }
}
