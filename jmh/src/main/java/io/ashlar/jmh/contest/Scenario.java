package io.ashlar.jmh.contest;

import io.ashlar.jmh.result.Row;
import java.util.List;

/** A question about all stores, answered in one run. */
public interface Scenario {

  /** Returns what is measured and how ratios are meant, in one line. */
  String title();

  /** Measures; progress goes to standard error. */
  List<Row> run(Plan plan);
}
