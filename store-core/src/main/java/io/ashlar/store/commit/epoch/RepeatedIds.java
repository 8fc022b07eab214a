package io.ashlar.store.commit.epoch;

import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Finds the ids that an epoch puts or deletes more than once. Only the last of these operations
 * becomes visible (promise G1).
 *
 * <p>A few operations are compared with one another. More go through a table of hashes in native
 * memory; a short table is kept for reuse. Only a repeated id allocates on the heap.
 *
 * <p>Thread: the epoch's caller, as it commits, which spares the commit role this work.
 */
final class RepeatedIds {

  private static final int COMPARED_MAX = 8;
  private static final int KEPT_SLOTS = 256;
  private static final int SLOTS_PER_OPERATION = 2;
  private static final long OFFSET_MASK = 0xffff_ffffL;

  /** Random, so that no caller can choose ids that collide. */
  private static final long SEED = new SplittableRandom().nextLong();

  private final MemorySegment keptTable =
      Arena.ofAuto().allocate((long) KEPT_SLOTS * Long.BYTES, Long.BYTES);
  private MemorySegment operations = MemorySegment.NULL;
  private int count;
  private byte @Nullable [] marks; // by operation, once an id is repeated

  /**
   * Looks through the operations of an epoch, all of them puts and deletes.
   *
   * @return for each what {@link OperationApplier#applyEpoch} is to know of it; null when no id is
   *     repeated.
   */
  byte @Nullable [] find(MemorySegment epochOperations, int epochCount) {
    operations = epochOperations;
    count = epochCount;
    marks = null;
    if (count <= COMPARED_MAX) {
      compare();
    } else if (count * SLOTS_PER_OPERATION <= KEPT_SLOTS) {
      look(keptTable.fill((byte) 0), KEPT_SLOTS);
    } else {
      int slots = Integer.highestOneBit(count * SLOTS_PER_OPERATION - 1) * 2;
      try (NativeMemory table = NativeMemory.reserve((long) slots * Long.BYTES)) {
        look(table.segment(), slots); // fresh memory is zero
      } catch (NativeException e) {
        marks = null;
        compare(); // without memory it takes long, but a commit must not fail for this
      }
    }
    byte[] found = marks;
    operations = MemorySegment.NULL;
    marks = null;
    return found;
  }

  /** Looks for each operation's id among those before it, the nearest last. */
  private void compare() {
    long offset = 0;
    for (int number = 0; number < count; number++) {
      int before = -1;
      int kindBefore = 0;
      long other = 0;
      for (int i = 0; i < number; i++) {
        int kind = OperationFormat.kind(operations, other);
        if (isSameId(other, offset)) {
          before = i;
          kindBefore = kind;
        }
        other += OperationFormat.bytes(kind);
      }
      if (before >= 0) {
        mark(before, kindBefore, number);
      }
      offset += OperationFormat.bytes(OperationFormat.kind(operations, offset));
    }
  }

  /**
   * Marks repeated ids with a table of {@code slots}, a power of two. A slot is 0 or names the last
   * operation on an id: its number plus 1 (bits 32-63) and its offset (bits 0-31).
   */
  private void look(MemorySegment table, int slots) {
    long offset = 0;
    for (int number = 0; number < count; number++) {
      int slot = hash(offset) & slots - 1;
      long found = table.getAtIndex(ValueLayout.JAVA_LONG, slot);
      while (found != 0 && !isSameId(found & OFFSET_MASK, offset)) {
        slot = slot + 1 & slots - 1;
        found = table.getAtIndex(ValueLayout.JAVA_LONG, slot);
      }
      if (found != 0) {
        mark(
            (int) (found >>> 32) - 1,
            OperationFormat.kind(operations, found & OFFSET_MASK),
            number);
      }
      table.setAtIndex(ValueLayout.JAVA_LONG, slot, (number + 1L) << 32 | offset);
      offset += OperationFormat.bytes(OperationFormat.kind(operations, offset));
    }
  }

  private boolean isSameId(long one, long two) {
    return OperationFormat.idLow(operations, one) == OperationFormat.idLow(operations, two)
        && OperationFormat.idHigh(operations, one) == OperationFormat.idHigh(operations, two);
  }

  private int hash(long offset) {
    long bits = (OperationFormat.idHigh(operations, offset) ^ SEED) * 0x9e3779b97f4a7c15L;
    bits = (bits ^ (bits >>> 32) ^ OperationFormat.idLow(operations, offset)) * 0xbf58476d1ce4e5b9L;
    bits = (bits ^ (bits >>> 29)) * 0x94d049bb133111ebL;
    return (int) (bits >>> 32);
  }

  /** Notes that operation {@code number} is on the id of an earlier one. */
  private void mark(int before, int kindBefore, int number) {
    byte[] known = marks;
    if (known == null) {
      known = new byte[count];
      marks = known;
    }
    boolean behindPut = kindBefore == OperationFormat.PUT;
    int mark = behindPut ? OperationApplier.BEHIND_PUT : OperationApplier.BEHIND_DELETE;
    if (behindPut || (known[before] & OperationApplier.PUT_EARLIER) != 0) {
      mark |= OperationApplier.PUT_EARLIER;
    }
    known[number] = (byte) mark;
    known[before] |= OperationApplier.SUPERSEDED;
  }
}
