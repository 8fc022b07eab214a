package io.ashlar.jmh.result;

/**
 * How much was done in a second.
 *
 * @param opsPerS operations a second.
 * @param mbPerS megabytes (10^6 bytes) of values a second; NaN if not measured.
 */
public record Throughput(Spread opsPerS, double mbPerS) {

  /** Returns a rate of operations that each move a number of bytes. */
  public static Throughput of(Spread opsPerS, double operationBytes) {
    return new Throughput(opsPerS, opsPerS.median() * operationBytes / 1e6);
  }
}
