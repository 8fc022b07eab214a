package io.ashlar.jmh.chart;

import java.util.List;

/**
 * A chart: panels of horizontal bars or dots below each other.
 *
 * @param title what it shows.
 * @param note how to read it; empty for nothing.
 * @param plot how numbers are drawn.
 * @param panels the panels, from top to bottom.
 */
public record Chart(String title, String note, Plot plot, List<Panel> panels) {

  /** How numbers are drawn. */
  public enum Plot {
    /** Bars from 0; each panel has a scale of its own. */
    BARS,
    /** Bars from 0 on one scale, with a line at 1. */
    RATIOS,
    /** Dots on one logarithmic scale of microseconds; a ring is the 99th percentile. */
    TIMES
  }

  /** Returns whether any line has a ring. */
  boolean hasTails() {
    return lines().stream().anyMatch(line -> line.tail().isKnown());
  }

  /** Returns whether any line has quartiles. */
  boolean hasSpread() {
    return lines().stream()
        .anyMatch(line -> line.value().hasQuartiles() || line.tail().hasQuartiles());
  }

  /** Returns the lines of all panels. */
  List<Line> lines() {
    return panels.stream().flatMap(panel -> panel.lines().stream()).toList();
  }
}
