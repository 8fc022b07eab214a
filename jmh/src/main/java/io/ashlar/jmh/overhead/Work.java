package io.ashlar.jmh.overhead;

import io.ashlar.jmh.contest.Standing;

/** What the threads of a cell do. */
enum Work {
  /** Durable commits of one value. */
  COMMIT("commit", 1, Standing.Measure.CPU),
  /** Gets that copy a value to the caller's memory. */
  GET("get", 16, Standing.Measure.RATE),
  /** Gets that look at a value where it lies. */
  LEASE("lease", 16, Standing.Measure.RATE);

  private final String label;
  private final int together;
  private final Standing.Measure measure;

  Work(String label, int together, Standing.Measure measure) {
    this.label = label;
    this.together = together;
    this.measure = measure;
  }

  String label() {
    return label;
  }

  /** Returns how many operations are timed together: reading the clock takes time itself. */
  int together() {
    return together;
  }

  /** Returns what ratios compare. */
  Standing.Measure measure() {
    return measure;
  }
}
