package io.ashlar.jmh.contest;

import java.util.concurrent.TimeUnit;

/**
 * How much is measured.
 *
 * @param quick whether a scenario is to end within two minutes.
 * @param rounds rounds, of which results give the median; at least 3.
 * @param slicesMax the most slices of each contestant in a round.
 * @param scenarioMs how long a scenario may take; slices are left out to keep to it.
 * @param sliceMs how long a slice lasts, in milliseconds.
 * @param quietWaitMs how long to wait for a quiet disk, at most.
 */
public record Pace(
    boolean quick, int rounds, int slicesMax, long scenarioMs, int sliceMs, long quietWaitMs) {

  /** The fewest rounds that have a median worth the name. */
  public static final int ROUNDS_MIN = 3;

  /** Enough to publish: 15 minutes a scenario. */
  public static final Pace FULL =
      new Pace(false, 7, 12, TimeUnit.SECONDS.toMillis(900), 130, 60_000);

  /** Enough to see a change: two minutes a scenario. */
  public static final Pace QUICK =
      new Pace(true, ROUNDS_MIN, 4, TimeUnit.SECONDS.toMillis(100), 130, 5_000);

  /** Returns this with another number of rounds, or with the fewest if that is more. */
  public Pace withRounds(int wanted) {
    return new Pace(
        quick, Math.max(ROUNDS_MIN, wanted), slicesMax, scenarioMs, sliceMs, quietWaitMs);
  }
}
