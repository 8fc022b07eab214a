package io.ashlar.jmh.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes results as a table for people and as CSV for programs. */
public final class Report {

  private static final String CSV_HEADER =
      "scenario,store,cell,ops_per_s,mb_per_s,p50_us,p99_us,p999_us,ratio_to_limit,"
          + "ratio_to_best_peer,heap_bytes_per_op,note";

  private Report() {}

  /** Returns a table, cell by cell, fastest first within each. */
  public static String table(List<Row> rows) {
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

  /** Returns the CSV file's text; a number that was not measured is an empty field. */
  public static String csv(List<Row> rows) {
    StringBuilder csv = new StringBuilder(CSV_HEADER).append('\n');
    for (Row row : rows) {
      csv.append(
          String.join(
              ",",
              quoted(row.scenario()),
              quoted(row.store()),
              quoted(row.cell()),
              number(row.throughput().opsPerS().median(), 1),
              number(row.throughput().mbPerS(), 2),
              number(row.latency().p50Us().median(), 2),
              number(row.latency().p99Us().median(), 2),
              number(row.latency().p999Us(), 2),
              number(row.ratios().toLimit().median(), 4),
              number(row.ratios().toBestPeer().median(), 4),
              number(row.heapBytesPerOp(), 1),
              quoted(row.note())));
      csv.append('\n');
    }
    return csv.toString();
  }

  private static String number(double value, int decimals) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + decimals + "f", value) : "";
  }

  private static String quoted(String text) {
    return text.matches("[^,\"\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  /** Writes a file, and the folder that it lies in if that is missing. */
  public static void write(Path file, String text) {
    try {
      Path parent = file.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the report: file=" + file, e);
    }
  }
}
