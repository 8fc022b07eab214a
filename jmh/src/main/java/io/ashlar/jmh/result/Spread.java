package io.ashlar.jmh.result;

import java.util.Arrays;

/**
 * The median of what the rounds measured, and the quartiles on both sides of it.
 *
 * @param median the middle value; NaN if nothing was measured.
 * @param low the first quartile; NaN if not known.
 * @param high the third quartile; NaN if not known.
 */
public record Spread(double median, double low, double high) {

  /** What stands where nothing was measured. */
  public static final Spread NONE = new Spread(Double.NaN, Double.NaN, Double.NaN);

  /** Returns the spread of one value for each round; {@link #NONE} if there is none. */
  public static Spread of(double... values) {
    return values.length == 0
        ? NONE
        : new Spread(quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75));
  }

  /** Returns a value whose spread is not known. */
  public static Spread exactly(double value) {
    return new Spread(value, Double.NaN, Double.NaN);
  }

  /** Returns the median of one or more values. */
  public static double median(double... values) {
    return quantile(values, 0.5);
  }

  /** Returns this in another unit, of which each of this one's has {@code factor}. */
  public Spread times(double factor) {
    return new Spread(median * factor, low * factor, high * factor);
  }

  /** Returns whether anything was measured. */
  public boolean isKnown() {
    return Double.isFinite(median);
  }

  /** Returns whether both quartiles are known. */
  public boolean hasQuartiles() {
    return Double.isFinite(low) && Double.isFinite(high);
  }

  /** Interpolates between the two nearest values, as most statistics programs do by default. */
  private static double quantile(double[] values, double share) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double place = share * (sorted.length - 1);
    int below = (int) Math.floor(place);
    int above = (int) Math.ceil(place);
    return below == above
        ? sorted[below]
        : sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
