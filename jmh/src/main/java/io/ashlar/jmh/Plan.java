package io.ashlar.jmh;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * How much is measured, and where.
 *
 * @param folder where stores lie; on the device to be measured.
 * @param quick whether to be done within two minutes a scenario.
 * @param rounds rounds, whose median counts; at least 3.
 * @param slicesMax the most slices of each contestant in a round.
 * @param scenarioMs how long a scenario may take; slices are left out to keep to it.
 * @param sliceMs how long a slice lasts, in milliseconds.
 * @param quietWaitMs how long to wait for a quiet disk, at most.
 * @param seed decides values, ids and the order of slices.
 * @param stores names of the only contestants to measure, or empty for all.
 * @param cells names of the only cells to measure, or empty for all.
 * @param peersEverywhere whether peers are measured in the cells too that leave them out.
 * @param fio is measured as a limit, if present.
 */
record Plan(
    Path folder,
    boolean quick,
    int rounds,
    int slicesMax,
    long scenarioMs,
    int sliceMs,
    long quietWaitMs,
    long seed,
    Set<String> stores,
    Set<String> cells,
    boolean peersEverywhere,
    Optional<Fio> fio) {

  /** Returns whether a contestant is wanted; limits are, always. */
  boolean wants(Contestant contestant) {
    return wantsStore(contestant.label(), contestant.kind());
  }

  /** Returns whether a contestant of that name is wanted; limits are, always. */
  boolean wantsStore(String label, Contestant.Kind kind) {
    return stores.isEmpty() || kind == Contestant.Kind.LIMIT || stores.contains(label);
  }

  /** Returns whether a cell is wanted. */
  boolean wants(Cell cell) {
    return wantsCell(cell.name());
  }

  /** Returns whether a cell of that name is wanted. */
  boolean wantsCell(String name) {
    return cells.isEmpty() || cells.contains(name);
  }

  /** Returns {@link #scenarioMs} in nanoseconds. */
  long scenarioNs() {
    return TimeUnit.MILLISECONDS.toNanos(scenarioMs);
  }
}
