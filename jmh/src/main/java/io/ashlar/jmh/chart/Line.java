package io.ashlar.jmh.chart;

import io.ashlar.jmh.result.Spread;

/**
 * One contestant in a panel.
 *
 * @param label its name, left of the plot.
 * @param style how it is coloured.
 * @param value what its bar or its dot shows; 0 or more.
 * @param tail what its ring shows, such as a tail latency; {@link Spread#NONE} for no ring.
 * @param text the value as text, right of the plot.
 * @param tailText the tail as text, right of that.
 */
public record Line(
    String label, Style style, Spread value, Spread tail, String text, String tailText) {

  /** Makes a line without a ring. */
  public Line(String label, Style style, Spread value, String text) {
    this(label, style, value, Spread.NONE, text, "");
  }

  /** Returns the largest number that it shows. */
  double largest() {
    double largest = 0;
    for (double each : new double[] {value.median(), value.high(), tail.median(), tail.high()}) {
      largest = Double.isFinite(each) ? Math.max(largest, each) : largest;
    }
    return largest;
  }

  /** Returns the smallest number that it shows. */
  double smallest() {
    double smallest = value.median();
    for (double each : new double[] {value.low(), tail.low()}) {
      smallest = Double.isFinite(each) ? Math.min(smallest, each) : smallest;
    }
    return smallest;
  }
}
