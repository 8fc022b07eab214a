package io.ashlar.jmh.contest;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What is measured, how much of it, and where.
 *
 * @param folder where stores lie; on the device to be measured.
 * @param pace how much is measured.
 * @param selection which contestants and cells are measured.
 * @param seed decides values, ids and the order of slices.
 * @param fio is measured as a limit, if present.
 */
public record Plan(Path folder, Pace pace, Selection selection, long seed, Optional<Fio> fio) {

  /** Returns whether a contestant is wanted; limits are, always. */
  public boolean wants(Contestant contestant) {
    return contestant.isOnlyIfNamed()
        ? selection.stores().contains(contestant.label())
        : wantsStore(contestant.label(), contestant.kind());
  }

  /** Returns whether a contestant of that name is wanted; limits are, always. */
  public boolean wantsStore(String label, Contestant.Kind kind) {
    return selection.stores().isEmpty()
        || kind == Contestant.Kind.LIMIT
        || selection.stores().contains(label);
  }

  /** Returns whether a cell is wanted. */
  public boolean wants(Cell cell) {
    return wantsCell(cell.name());
  }

  /** Returns whether a cell of that name is wanted. */
  public boolean wantsCell(String name) {
    return selection.cells().isEmpty() || selection.cells().contains(name);
  }

  /** Returns whether a scenario is to end within two minutes. */
  public boolean quick() {
    return pace.quick();
  }

  /** Returns how many rounds are measured. */
  public int rounds() {
    return pace.rounds();
  }

  /** Returns how long a scenario may take, in nanoseconds. */
  public long scenarioNs() {
    return TimeUnit.MILLISECONDS.toNanos(pace.scenarioMs());
  }

  /** Returns how long a slice lasts, in nanoseconds. */
  public long sliceNs() {
    return TimeUnit.MILLISECONDS.toNanos(pace.sliceMs());
  }

  /** Returns how long each round may wait for a quiet disk, at most, in milliseconds. */
  public long quietWaitMsEach(int allRounds) {
    return pace.quietWaitMs() / allRounds;
  }
}
