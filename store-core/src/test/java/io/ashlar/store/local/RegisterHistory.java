package io.ashlar.store.local;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What threads did to one id and saw of it, and whether that can be put into one order: each
 * operation at one moment between its call and its return (Herlihy, Wing, <i>Linearizability: a
 * correctness condition for concurrent objects</i>, TOPLAS 1990). Ids are independent of one
 * another, so a store is linearizable if every id is.
 *
 * <p>The order of the writes is known, as each has its epoch; every value is unique. So one pass
 * decides: each read is given the earliest state that it can have seen, which is at or behind those
 * of all operations that ended before it began.
 */
final class RegisterHistory {

  /** There is no blob. */
  static final long ABSENT = 0;

  /**
   * One operation; times are on one clock.
   *
   * @param epoch the epoch that wrote it, or 0 for a read.
   * @param tag what was written or seen; {@link #ABSENT} for a delete, or when nothing was there.
   */
  record Operation(long calledNs, long returnedNs, long epoch, long tag) {

    boolean isWrite() {
      return epoch > 0;
    }
  }

  private final List<Operation> operations = new ArrayList<>();
  private long initialTag = ABSENT;

  void add(Operation operation) {
    operations.add(operation);
  }

  /** Returns what is there after the last write up to an epoch. */
  long tagAfter(long epoch) {
    return operations.stream()
        .filter(operation -> operation.isWrite() && operation.epoch <= epoch)
        .max(Comparator.comparingLong(Operation::epoch))
        .map(Operation::tag)
        .orElse(initialTag);
  }

  /** Begins anew from what is there now. */
  void restart() {
    initialTag = tagAfter(Long.MAX_VALUE);
    operations.clear();
  }

  /** Returns why there is no such order, or null if there is one. */
  @Nullable String violation() {
    Operation[] writes =
        operations.stream()
            .filter(Operation::isWrite)
            .sorted(Comparator.comparingLong(Operation::epoch))
            .toArray(Operation[]::new);
    Map<Long, Integer> states = new HashMap<>(); // a value's state: how many writes came before it
    states.put(initialTag, 0);
    for (int i = 0; i < writes.length; i++) {
      if (writes[i].tag != ABSENT) {
        states.put(writes[i].tag, i + 1);
      }
    }
    Operation[] byCall = operations.toArray(new Operation[0]);
    Operation[] byReturn = byCall.clone();
    Arrays.sort(byCall, Comparator.comparingLong(Operation::calledNs));
    Arrays.sort(byReturn, Comparator.comparingLong(Operation::returnedNs));
    IdentityHashMap<Operation, Integer> given = new IdentityHashMap<>();
    int ended = 0;
    int least = 0;
    for (Operation operation : byCall) {
      while (ended < byReturn.length && byReturn[ended].returnedNs < operation.calledNs) {
        least = Math.max(least, given.getOrDefault(byReturn[ended], 0));
        ended++;
      }
      int state = state(operation, writes, states, least);
      if (state < 0) {
        return "state behind %d of %d, that of its value is %s, %s"
            .formatted(least, writes.length, states.get(operation.tag), operation);
      }
      given.put(operation, state);
    }
    return null;
  }

  /** Returns the earliest state that an operation can have left or seen, or −1. */
  private int state(Operation operation, Operation[] writes, Map<Long, Integer> states, int least) {
    if (operation.isWrite()) {
      int state =
          1 + Arrays.binarySearch(writes, operation, Comparator.comparingLong(Operation::epoch));
      return state > least ? state : -1;
    }
    if (operation.tag != ABSENT) {
      Integer state = states.get(operation.tag);
      return state != null && state >= least && begun(state, writes, operation) ? state : -1;
    }
    for (int state = least; state <= writes.length; state++) {
      long tag = state == 0 ? initialTag : writes[state - 1].tag;
      if (tag == ABSENT) {
        return begun(state, writes, operation) ? state : -1;
      }
    }
    return -1;
  }

  /** Returns whether the write that made a state was called before a read returned. */
  private static boolean begun(int state, Operation[] writes, Operation read) {
    return state == 0 || writes[state - 1].calledNs <= read.returnedNs;
  }
}
