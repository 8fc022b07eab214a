package io.ashlar.jmh;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** How those who took part in a cell stand to the limit and to the best peer. */
final class Standing {

  /** What ratios compare. */
  enum Measure {
    /** Median latency: lower is better. */
    P50,
    /** Operations a second: higher is better. */
    RATE
  }

  private final Measure measure;

  private Standing(Measure measure) {
    this.measure = measure;
  }

  /**
   * Returns a row for each.
   *
   * @param operationBytes bytes of values that one operation moves.
   */
  static List<Row> rows(
      String scenario,
      String cell,
      double operationBytes,
      Measure measure,
      List<? extends Entrant> entrants) {
    Standing standing = new Standing(measure);
    Optional<Entrant> limit = standing.best(entrants, Contestant.Kind.LIMIT);
    Optional<Entrant> peer = standing.best(entrants, Contestant.Kind.PEER);
    List<Row> rows = new ArrayList<>();
    for (Entrant entrant : entrants) {
      double opsPerS = entrant.median(Entrant.Round::opsPerS);
      rows.add(
          new Row(
              scenario,
              entrant.label(),
              cell,
              opsPerS,
              opsPerS * operationBytes / 1e6,
              entrant.median(Entrant.Round::p50Us),
              entrant.median(Entrant.Round::p99Us),
              entrant.median(Entrant.Round::p999Us),
              limit.map(to -> standing.ratio(entrant, to)).orElse(Double.NaN),
              peer.map(to -> standing.ratio(entrant, to)).orElse(Double.NaN),
              entrant.median(Entrant.Round::bytesPerOp),
              entrant.note()));
    }
    return rows;
  }

  private Optional<Entrant> best(List<? extends Entrant> entrants, Contestant.Kind kind) {
    return entrants.stream()
        .filter(entrant -> entrant.kind() == kind)
        .<Entrant>map(entrant -> entrant)
        .max(Comparator.comparingDouble(entrant -> entrant.median(this::goodness)));
  }

  /** Returns the median of the ratios in each round: rounds differ more than contestants do. */
  private double ratio(Entrant entrant, Entrant to) {
    double[] ratios = new double[entrant.rounds().size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = goodness(entrant.rounds().get(i)) / goodness(to.rounds().get(i));
    }
    return Entrant.median(ratios);
  }

  private double goodness(Entrant.Round round) {
    return measure == Measure.P50 ? 1 / round.p50Us() : round.opsPerS();
  }
}
