package io.ashlar.jmh.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results as a table for a terminal. */
public final class TextTable {

  private TextTable() {}

  /** Returns a table, cell by cell, fastest first within each. */
  public static String of(List<Row> rows) {
    StringBuilder table = new StringBuilder();
    String cell = "";
    for (Row row : sorted(rows)) {
      String rowCell = row.scenario() + " " + row.cell();
      if (!rowCell.equals(cell)) {
        cell = rowCell;
        table.append(
            String.format(
                Locale.ROOT,
                "%n%-20s %10s %9s %9s %9s %9s %7s %7s %8s  %s%n",
                cell,
                "ops/s",
                "MB/s",
                "p50 us",
                "p99 us",
                "p99.9 us",
                "/limit",
                "/peer",
                "heap B",
                "durability; remarks"));
      }
      table.append(
          String.format(
              Locale.ROOT,
              "%-20s %10s %9s %9s %9s %9s %7s %7s %8s  %s%n",
              row.store(),
              number(row.throughput().opsPerS().median(), 0),
              number(row.throughput().mbPerS(), 1),
              number(row.latency().p50Us().median(), 1),
              number(row.latency().p99Us().median(), 1),
              number(row.latency().p999Us(), 1),
              number(row.ratios().toLimit().median(), 2),
              number(row.ratios().toBestPeer().median(), 2),
              number(row.heapBytesPerOp(), 0),
              row.note()));
    }
    return table.toString();
  }

  /** Returns rows cell by cell, fastest first within each. */
  public static List<Row> sorted(List<Row> rows) {
    List<String> cells = rows.stream().map(row -> row.scenario() + row.cell()).distinct().toList();
    List<Row> sorted = new ArrayList<>(rows);
    sorted.sort((a, b) -> {
      int order =
          Integer.compare(
              cells.indexOf(a.scenario() + a.cell()), cells.indexOf(b.scenario() + b.cell()));
      return order != 0
          ? order
          : Double.compare(b.throughput().opsPerS().median(), a.throughput().opsPerS().median());
    });
    return sorted;
  }

  private static String number(double value, int decimals) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + decimals + "f", value) : "";
  }
}
