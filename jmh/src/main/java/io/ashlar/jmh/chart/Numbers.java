package io.ashlar.jmh.chart;

import java.util.Locale;

/** Writes numbers to be read at a glance. An empty text stands for NaN. */
public final class Numbers {

  private Numbers() {}

  /** Returns a number with as many decimals as its size deserves. */
  public static String number(double value) {
    if (!Double.isFinite(value)) {
      return "";
    }
    double size = Math.abs(value);
    int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size == 0 ? 2 : 4;
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }

  /** Returns a number with three digits, and thousands or millions as a letter. */
  public static String rounded(double value) {
    if (!Double.isFinite(value)) {
      return "";
    }
    if (value >= 999_500) {
      return digits(value / 1e6) + " M";
    }
    return value >= 9_995 ? digits(value / 1e3) + " k" : digits(value);
  }

  /** Returns microseconds in the unit that suits them, with three digits. */
  public static String time(double us) {
    if (!Double.isFinite(us)) {
      return "";
    }
    if (us < 0.9995) {
      return digits(us * 1e3) + " ns";
    }
    if (us < 999.5) {
      return digits(us) + " µs";
    }
    return us < 999_500 ? digits(us / 1e3) + " ms" : digits(us / 1e6) + " s";
  }

  /** Returns a ratio with two decimals. */
  public static String ratio(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.2f", value) : "";
  }

  private static String digits(double value) {
    int decimals = value >= 99.95 || value == 0 ? 0 : value >= 9.995 ? 1 : 2;
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }
}
