package io.ashlar.jmh;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What takes part in a cell, and what each round measured of it.
 *
 * <p>Thread: the main thread.
 */
abstract class Entrant implements AutoCloseable {

  /** What one round measured; a number that was not measured is NaN. */
  record Round(double opsPerS, double p50Us, double p99Us, double p999Us, double bytesPerOp) {}

  private final String label;
  private final Contestant.Kind kind;
  private final List<Round> rounds = new ArrayList<>();

  Entrant(String label, Contestant.Kind kind) {
    this.label = label;
    this.kind = kind;
  }

  /** Returns what the slices since the last call measured, one at least, and forgets them. */
  abstract Round takeRound();

  /** Returns what a slice takes beside its duration. */
  long overheadNs() {
    return 0;
  }

  /** Returns what durability was given, and facts about the store. */
  abstract String note();

  /** Ends a round: what the slices since the last one measured is kept, or forgotten. */
  final void endRound(boolean keep) {
    Round round = takeRound();
    if (keep) {
      rounds.add(round);
    }
  }

  /** Returns the name in results. */
  final String label() {
    return label;
  }

  /** Returns what it is compared as. */
  final Contestant.Kind kind() {
    return kind;
  }

  /** Returns what each round measured. */
  final List<Round> rounds() {
    return rounds;
  }

  /** Returns the median of a number of each round. */
  final double median(ToDoubleFunction<Round> number) {
    return median(rounds.stream().mapToDouble(number).toArray());
  }

  /** Returns the median of some numbers, one at least. */
  static double median(double... numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  @Override
  public abstract void close();
}
