package io.ashlar.jmh.result;

/**
 * How long an operation took, in microseconds.
 *
 * @param p50Us the median.
 * @param p99Us the 99th percentile.
 * @param p999Us the 99.9th percentile; NaN if not measured.
 */
public record Latency(Spread p50Us, Spread p99Us, double p999Us) {

  /** What stands where latency was not measured. */
  public static final Latency NONE = new Latency(Spread.NONE, Spread.NONE, Double.NaN);

  /** Returns a latency of which only the median is known. */
  public static Latency median(Spread p50Us) {
    return new Latency(p50Us, Spread.NONE, Double.NaN);
  }
}
