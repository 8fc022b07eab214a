package io.ashlar.tier.readback;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A map from blob ids to two longs, off the heap: open addressing with linear probing, 32 bytes a
 * slot, at most 70 % full. Nothing is ever removed.
 *
 * <pre>
 * slot: 0 id high, 8 id low, 16 first + 1 (0: the slot is empty), 24 second
 * </pre>
 *
 * <p>Ids come from outside, so their hash is seeded: an attacker cannot choose ids that collide.
 *
 * <p>Thread: one writer and no reader meanwhile; once published, any number of readers. Memory: its
 * own, freed by close.
 */
public final class IdTable implements AutoCloseable {
  private static final long SLOT_BYTES = 32;
  private static final long LOW = 8;
  private static final long FIRST = 16;
  private static final long SECOND = 24;
  private static final long SLOTS_MIN = 64;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final long seed;
  private final boolean borrows; // the arena, which its owner closes
  private Arena arena;
  private MemorySegment slots;
  private long mask;
  private long size;

  /** An empty table with room for {@code expected} ids before it grows; 0 or more. */
  public IdTable(long expected) {
    this(expected, Arena.ofShared(), false);
  }

  /**
   * An empty table with room for {@code expected} ids, in an arena of the caller's. It also grows
   * there, and ends when the caller closes the arena.
   */
  IdTable(long expected, Arena arena) {
    this(expected, arena, true);
  }

  private IdTable(long expected, Arena arena, boolean borrows) {
    long count = slotsFor(expected);
    seed = ThreadLocalRandom.current().nextLong();
    this.borrows = borrows;
    this.arena = arena;
    slots = arena.allocate(count * SLOT_BYTES, Long.BYTES);
    mask = count - 1;
  }

  private static long slotsFor(long expected) {
    long count = SLOTS_MIN;
    while (count * 7 / 10 <= expected) {
      count <<= 1;
    }
    return count;
  }

  private IdTable(IdTable other) {
    seed = other.seed;
    borrows = false;
    arena = Arena.ofShared();
    slots = arena.allocate(other.slots.byteSize(), Long.BYTES);
    slots.copyFrom(other.slots);
    mask = other.mask;
    size = other.size;
  }

  /** Number of ids. */
  public long size() {
    return size;
  }

  /** Native memory in bytes. */
  public long bytes() {
    return slots.byteSize();
  }

  /** Native memory after the next put of an id that is not there: twice as much if it grows. */
  public long bytesAfterPut() {
    return (size + 1) * 10 > (mask + 1) * 7 ? 2 * slots.byteSize() : slots.byteSize();
  }

  /** The same content in memory of its own. */
  public IdTable copy() {
    return new IdTable(this);
  }

  /** Receives ids with their values. */
  @FunctionalInterface
  public interface Visitor {
    /** One id. */
    void onId(long high, long low, long first, long second);
  }

  /** Visits every id, in no order. */
  public void forEach(Visitor visitor) {
    for (long at = 0; at < slots.byteSize(); at += SLOT_BYTES) {
      long first = slots.get(LONG, at + FIRST);
      if (first != 0) {
        visitor.onId(
            slots.get(LONG, at),
            slots.get(LONG, at + LOW),
            first - 1,
            slots.get(LONG, at + SECOND));
      }
    }
  }

  /** The position of an id, valid until the next put, or −1 if it is absent. */
  public long find(long high, long low) {
    long at = slot(slots, mask, high, low);
    return slots.get(LONG, at + FIRST) == 0 ? -1 : at;
  }

  /** The first value at a position that {@link #find} gave. */
  public long first(long position) {
    return slots.get(LONG, position + FIRST) - 1;
  }

  /** The second value at a position that {@link #find} gave. */
  public long second(long position) {
    return slots.get(LONG, position + SECOND);
  }

  /**
   * Puts an id, replacing its values.
   *
   * @param first 0 or more.
   */
  public void put(long high, long low, long first, long second) {
    if (!putIfAbsent(high, low, first, second)) {
      set(slots, slot(slots, mask, high, low), high, low, first, second);
    }
  }

  /**
   * Puts an id unless it is there.
   *
   * @param first 0 or more.
   * @return whether it was put.
   */
  public boolean putIfAbsent(long high, long low, long first, long second) {
    if (first < 0) {
      throw new IllegalArgumentException("first must not be negative: value=" + first);
    }
    long at = slot(slots, mask, high, low);
    if (slots.get(LONG, at + FIRST) != 0) {
      return false;
    }
    if ((size + 1) * 10 > (mask + 1) * 7) {
      grow((mask + 1) << 1);
      at = slot(slots, mask, high, low);
    }
    set(slots, at, high, low, first, second);
    size++;
    return true;
  }

  private static void set(
      MemorySegment table, long at, long high, long low, long first, long second) {
    table.set(LONG, at, high);
    table.set(LONG, at + LOW, low);
    table.set(LONG, at + FIRST, first + 1);
    table.set(LONG, at + SECOND, second);
  }

  /** Grows at once, if it is to have room for {@code expected} ids. */
  public void reserve(long expected) {
    long count = slotsFor(expected);
    if (count > mask + 1) {
      grow(count);
    }
  }

  private void grow(long count) {
    Arena larger = borrows ? arena : Arena.ofShared();
    MemorySegment target = larger.allocate(count * SLOT_BYTES, Long.BYTES);
    for (long at = 0; at < slots.byteSize(); at += SLOT_BYTES) {
      if (slots.get(LONG, at + FIRST) != 0) {
        long to = slot(target, count - 1, slots.get(LONG, at), slots.get(LONG, at + LOW));
        MemorySegment.copy(slots, at, target, to, SLOT_BYTES);
      }
    }
    close();
    arena = larger;
    slots = target;
    mask = count - 1;
  }

  /** Where an id is, or the empty slot where it would be put. */
  private long slot(MemorySegment table, long tableMask, long high, long low) {
    long slot = hash(high, low) & tableMask;
    while (true) {
      long at = slot * SLOT_BYTES;
      if (table.get(LONG, at + FIRST) == 0
          || (table.get(LONG, at) == high && table.get(LONG, at + LOW) == low)) {
        return at;
      }
      slot = (slot + 1) & tableMask;
    }
  }

  private long hash(long high, long low) {
    return mix(mix(high ^ seed) ^ low);
  }

  /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
  private static long mix(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Frees the memory, if it is its own; idempotent. */
  @Override
  public void close() {
    if (!borrows && arena.scope().isAlive()) {
      arena.close();
    }
  }
}
