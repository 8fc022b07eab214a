package io.ashlar.jmh.contest;

import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import io.ashlar.jmh.result.Subject;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** How the entrants of a cell compare with the limit and with the best peer. */
public final class Standing {

  /** What ratios compare. */
  public enum Measure {
    /** Median latency: lower is better. */
    P50,
    /** 99th percentile of the latency: lower is better. */
    P99,
    /** Operations a second: higher is better. */
    RATE,
    /** Processor time of an operation: lower is better. */
    CPU
  }

  private final Measure measure;

  private Standing(Measure measure) {
    this.measure = measure;
  }

  /**
   * Returns a row for each entrant.
   *
   * @param operationBytes bytes of values that one operation moves.
   */
  public static List<Row> rows(
      String scenario,
      String cell,
      double operationBytes,
      Measure measure,
      List<? extends Entrant> entrants) {
    Standing standing = new Standing(measure);
    Optional<Entrant> limit = standing.best(entrants, Contestant.Kind.LIMIT);
    Optional<Entrant> peer = standing.best(entrants, Contestant.Kind.PEER);
    return entrants.stream()
        .map(entrant ->
            entrant
                .rounds()
                .row(
                    new Subject(scenario, entrant.label(), cell),
                    operationBytes,
                    new Ratios(standing.ratio(entrant, limit), standing.ratio(entrant, peer)),
                    entrant.note()))
        .toList();
  }

  private Optional<Entrant> best(List<? extends Entrant> entrants, Contestant.Kind kind) {
    return entrants.stream()
        .filter(entrant -> entrant.kind() == kind)
        .<Entrant>map(entrant -> entrant)
        .max(
            Comparator.comparingDouble(
                entrant -> entrant.rounds().spread(this::goodness).median()));
  }

  /** Returns the ratios of each round: rounds differ more than contestants do. */
  private Spread ratio(Entrant entrant, Optional<Entrant> other) {
    if (other.isEmpty()) {
      return Spread.NONE;
    }
    double[] ratios = new double[entrant.rounds().count()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = goodness(entrant.rounds().get(i)) / goodness(other.orElseThrow().rounds().get(i));
    }
    return Spread.of(ratios);
  }

  private double goodness(Round round) {
    return switch (measure) {
      case P50 -> 1 / round.p50Us();
      case P99 -> 1 / round.p99Us();
      case RATE -> round.opsPerS();
      case CPU -> 1 / round.processorUsPerOp();
    };
  }
}
