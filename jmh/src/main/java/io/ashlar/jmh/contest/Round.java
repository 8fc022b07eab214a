package io.ashlar.jmh.contest;

import org.HdrHistogram.Histogram;

/**
 * What one round measured; a number that was not measured is NaN.
 *
 * @param opsPerS operations a second.
 * @param p50Us median latency in microseconds.
 * @param p99Us 99th percentile.
 * @param p999Us 99.9th percentile.
 * @param bytesPerOp Java heap that all threads allocated for one operation.
 * @param processorUsPerOp processor time of the whole process for one operation.
 */
public record Round(
    double opsPerS,
    double p50Us,
    double p99Us,
    double p999Us,
    double bytesPerOp,
    double processorUsPerOp) {

  /**
   * Returns the round of some operations.
   *
   * @param elapsedNs how long they took together.
   * @param latencies how long each took, in nanoseconds.
   * @param allocatedBytes Java heap that all threads allocated meanwhile.
   */
  public static Round of(
      long operations, long elapsedNs, Histogram latencies, long allocatedBytes) {
    return new Round(
        operations * 1e9 / elapsedNs,
        latencies.getValueAtPercentile(50) / 1e3,
        latencies.getValueAtPercentile(99) / 1e3,
        latencies.getValueAtPercentile(99.9) / 1e3,
        (double) allocatedBytes / operations,
        Double.NaN);
  }

  /** Returns this with the processor time of the whole process for one operation. */
  public Round withProcessorTime(double newProcessorUsPerOp) {
    return new Round(opsPerS, p50Us, p99Us, p999Us, bytesPerOp, newProcessorUsPerOp);
  }
}
