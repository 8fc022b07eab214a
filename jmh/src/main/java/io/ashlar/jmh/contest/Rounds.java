package io.ashlar.jmh.contest;

import io.ashlar.jmh.result.Latency;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import io.ashlar.jmh.result.Subject;
import io.ashlar.jmh.result.Throughput;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The rounds of one contestant in one cell, in their order. Thread: one. */
public final class Rounds {

  private final List<Round> rounds = new ArrayList<>();

  /** Adds the next round. */
  public void add(Round round) {
    rounds.add(round);
  }

  /** Returns how many there are. */
  int count() {
    return rounds.size();
  }

  /** Returns one of them, counted from 0. */
  Round get(int number) {
    return rounds.get(number);
  }

  /** Returns the median and the quartiles of a number of each round. */
  public Spread spread(ToDoubleFunction<Round> number) {
    return Spread.of(rounds.stream().mapToDouble(number).toArray());
  }

  /**
   * Returns the result that they make.
   *
   * @param operationBytes bytes of values that one operation moves.
   */
  public Row row(Subject subject, double operationBytes, Ratios ratios, String note) {
    return new Row(
        subject,
        Throughput.of(spread(Round::opsPerS), operationBytes),
        new Latency(spread(Round::p50Us), spread(Round::p99Us), spread(Round::p999Us).median()),
        ratios,
        spread(Round::bytesPerOp).median(),
        note);
  }
}
