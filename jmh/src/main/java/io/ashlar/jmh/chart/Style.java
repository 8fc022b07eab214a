package io.ashlar.jmh.chart;

import java.util.Locale;

/** How a line is coloured. */
public enum Style {
  /** Ashlar. */
  OURS,
  /** Another store. */
  PEER,
  /** What the device gives without a store. */
  LIMIT;

  /** Returns the class in the style sheet. */
  String className() {
    return name().toLowerCase(Locale.ROOT);
  }
}
