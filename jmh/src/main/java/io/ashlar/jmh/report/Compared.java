package io.ashlar.jmh.report;

import io.ashlar.jmh.chart.Numbers;
import io.ashlar.jmh.result.Row;

/** What the ratios of a row compare. */
final class Compared {

  private Compared() {}

  /** Returns the number that ratios compare, with its unit. */
  static String text(Row row) {
    boolean open = row.cell().endsWith(" open");
    return switch (row.scenario()) {
      case "commit", "reopen" -> p50(row);
      case "read" -> isOneThread(row) ? p50(row) : rate(row);
      case "tail" -> p99(row);
      case "busy" -> open ? p99(row) : rate(row);
      default -> rate(row);
    };
  }

  /** Returns whether {@link #text} is the 99th percentile already. */
  static boolean isP99(Row row) {
    return row.scenario().equals("tail") || row.cell().endsWith(" open");
  }

  private static boolean isOneThread(Row row) {
    return row.cell().endsWith(" t1") || row.cell().startsWith("hot ");
  }

  private static String p50(Row row) {
    return Numbers.time(row.latency().p50Us().median());
  }

  private static String p99(Row row) {
    return Numbers.time(row.latency().p99Us().median());
  }

  private static String rate(Row row) {
    return Numbers.rounded(row.throughput().opsPerS().median()) + "/s";
  }
}
