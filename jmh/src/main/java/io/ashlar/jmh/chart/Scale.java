package io.ashlar.jmh.chart;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a number lies on an axis.
 *
 * @param from the number at the left end; above 0 if logarithmic.
 * @param to the number at the right end.
 * @param logarithmic whether equal distances are equal factors.
 */
record Scale(double from, double to, boolean logarithmic) {

  /** A bar longer than this many times the next one is cut. */
  private static final double OUTLIER = 3;

  /** How much of the next bar's length is drawn of a bar that is cut. */
  private static final double CUT_AT = 1.5;

  /** Ratios beyond this are cut. */
  private static final double RATIO_MAX = 2;

  private static final double MARGIN = 1.25;
  private static final double DECADE = 10;
  private static final int TICKS_FEW = 2;

  /** Returns the scale of bars that start at 0, which cuts one that would squash all others. */
  static Scale ofBars(List<Line> lines) {
    List<Double> lengths = lines.stream().map(Line::largest).sorted().toList();
    double longest = lengths.getLast();
    double next = lengths.size() < 2 ? longest : lengths.get(lengths.size() - 2);
    boolean outlier = next > 0 && longest > OUTLIER * next;
    return new Scale(0, outlier ? CUT_AT * next : longest > 0 ? longest : 1, false);
  }

  /** Returns the scale of ratios, which shows 1 at least and {@value #RATIO_MAX} at most. */
  static Scale ofRatios(List<Line> lines) {
    double longest = lines.stream().mapToDouble(Line::largest).max().orElse(1);
    return new Scale(0, Math.clamp(longest, 1.1, RATIO_MAX), false);
  }

  /** Returns a logarithmic scale that shows all lines, and a decade at least. */
  static Scale ofTimes(List<Line> lines) {
    double least = lines.stream().mapToDouble(Line::smallest).min().orElse(1);
    double most = lines.stream().mapToDouble(Line::largest).max().orElse(10);
    double from = Math.max(1e-3, least) / MARGIN;
    return new Scale(from, Math.max(from * DECADE, most * MARGIN), true);
  }

  /** Returns the place of a number, from 0 at the left end to 1 at the right end. */
  double place(double number) {
    double place =
        logarithmic
            ? Math.log(Math.max(number, from) / from) / Math.log(to / from)
            : (number - from) / (to - from);
    return Math.clamp(place, 0, 1);
  }

  /** Returns whether a number lies beyond the right end. */
  boolean cuts(double number) {
    return number > to;
  }

  /** Returns round numbers on the axis, in order. */
  List<Double> ticks() {
    return logarithmic
        ? decades()
        : List.of(0.0, 0.5, 1.0, 1.5, 2.0).stream().filter(each -> each <= to).toList();
  }

  private List<Double> decades() {
    List<Double> ticks = steps(1);
    return ticks.size() >= TICKS_FEW ? ticks : steps(1, 3);
  }

  private List<Double> steps(int... factors) {
    List<Double> ticks = new ArrayList<>();
    for (int power = -3; power <= 9; power++) {
      for (int factor : factors) {
        double tick = factor * Math.pow(10, power);
        if (tick >= from && tick <= to) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }
}
