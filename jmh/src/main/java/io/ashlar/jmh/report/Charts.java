package io.ashlar.jmh.report;

import io.ashlar.jmh.chart.Chart;
import io.ashlar.jmh.chart.Line;
import io.ashlar.jmh.chart.Numbers;
import io.ashlar.jmh.chart.Panel;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Which charts a scenario has, and what their lines are. */
final class Charts {

  /** Names of cells in the words of the first chart that a reader sees. */
  private static final Map<String, String> THREADS = new LinkedHashMap<>();

  static {
    THREADS.put("t1", "1 thread");
    THREADS.put("t16", "16 threads");
    THREADS.put("t64", "64 threads");
  }

  private Charts() {}

  /** Returns the chart for those who have not heard of any scenario yet. */
  static Chart firstSight(List<Row> rows) {
    Map<String, List<Row>> cells = Products.cells(rows, "group");
    List<Panel> panels = new ArrayList<>();
    THREADS.forEach((cell, title) -> {
      List<Row> best =
          Products.best(cells.getOrDefault(cell, List.of())).stream()
              .filter(row -> !row.store().equals("mvstore"))
              .toList();
      add(panels, title, best, row -> rate(Products.name(row), row));
    });
    return new Chart(
        "Durable commits a second",
        "Each thread commits one value of 4 KiB at a time. Each group of bars has its own scale.",
        Chart.Plot.BARS,
        panels);
  }

  /** Returns the charts of a scenario by their names, with one line for each product. */
  static Map<String, Chart> ofProducts(String scenario, List<Row> rows) {
    Map<String, Chart> charts = new LinkedHashMap<>();
    Map<String, List<Row>> cells = Products.cells(rows, scenario);
    switch (scenario) {
      case "reopen" ->
          put(
              charts,
              scenario,
              times(
                  "Time to open after kill -9",
                  "Each in a fresh JVM. Logarithmic.",
                  best(cells),
                  Products::name));
      case "heap" ->
          put(
              charts,
              scenario,
              new Chart(
                  "Java heap allocated",
                  "Bytes for one operation, by all threads.",
                  Chart.Plot.BARS,
                  panels(cells, row -> heap(row.store(), row))));
      case "tier" -> {
        put(
            charts,
            scenario,
            new Chart(
                "Upload and restore",
                "MB/s of uncompressed bytes. Each group has its own scale; a bar with gaps is cut.",
                Chart.Plot.BARS,
                panels(cells, row -> megabytes(row.store(), row))));
        put(
            charts,
            scenario + "-read-back",
            times("Reading evicted blobs back", "Logarithmic.", cells, Row::store));
      }
      default -> {
        put(
            charts,
            scenario + "-limit",
            new Chart(
                title(scenario) + ": share of the limit",
                "1 is the device’s limit. On the right stands what is compared. A bar with gaps is"
                    + " cut.",
                Chart.Plot.RATIOS,
                panels(best(cells), row -> ratio(Products.name(row), row))));
        put(
            charts,
            scenario + "-latency",
            times(title(scenario) + ": latency", "Logarithmic.", best(cells), Products::name));
      }
    }
    return charts;
  }

  /** Returns the charts of one cell, with one line for each row. */
  static List<Chart> ofCell(String scenario, List<Row> rows) {
    Map<String, List<Row>> cell = Map.of("", rows);
    Map<String, Chart> charts = new LinkedHashMap<>();
    if (scenario.equals("heap")) {
      put(charts, "heap", bars("Heap, bytes an operation", cell, row -> heap(row.store(), row)));
    } else if (scenario.equals("tier")) {
      put(charts, "rate", bars("MB/s", cell, row -> megabytes(row.store(), row)));
    } else if (!scenario.equals("reopen")) {
      put(charts, "rate", bars("Operations a second", cell, row -> rate(row.store(), row)));
      put(
          charts,
          "ratio",
          new Chart(
              "Of the limit", "", Chart.Plot.RATIOS, panels(cell, row -> share(row.store(), row))));
    }
    put(charts, "times", times("Latency", "Logarithmic.", cell, Row::store));
    return List.copyOf(charts.values());
  }

  private static void put(Map<String, Chart> charts, String name, Chart chart) {
    if (!chart.panels().isEmpty()) {
      charts.put(name, chart);
    }
  }

  private static Chart bars(
      String title, Map<String, List<Row>> cells, Function<Row, Line> toLine) {
    return new Chart(title, "", Chart.Plot.BARS, panels(cells, toLine));
  }

  private static Chart times(
      String title, String note, Map<String, List<Row>> cells, Function<Row, String> label) {
    return new Chart(
        title, note, Chart.Plot.TIMES, panels(cells, row -> time(label.apply(row), row)));
  }

  /** Returns the best row of each product in each cell, and Ashlar's claim form where it is. */
  private static Map<String, List<Row>> best(Map<String, List<Row>> cells) {
    Map<String, List<Row>> best = new LinkedHashMap<>();
    cells.forEach((cell, rows) -> {
      List<Row> lines = new ArrayList<>(Products.best(rows));
      Products.form(rows, "claim")
          .ifPresent(claim ->
              Products.ours(lines).ifPresent(ours -> lines.add(lines.indexOf(ours) + 1, claim)));
      best.put(cell, lines);
    });
    return best;
  }

  private static List<Panel> panels(Map<String, List<Row>> cells, Function<Row, Line> toLine) {
    List<Panel> panels = new ArrayList<>();
    cells.forEach((cell, rows) -> add(panels, cell, rows, toLine));
    return panels;
  }

  /** Adds a panel of those rows that have a value, if there is one. */
  private static void add(
      List<Panel> panels, String title, List<Row> rows, Function<Row, Line> toLine) {
    List<Line> lines = rows.stream().map(toLine).filter(line -> line.value().isKnown()).toList();
    if (!lines.isEmpty()) {
      panels.add(new Panel(title, lines));
    }
  }

  private static Line rate(String label, Row row) {
    Spread rate = row.throughput().opsPerS();
    return new Line(label, Products.style(row), rate, Numbers.rounded(rate.median()));
  }

  private static Line megabytes(String label, Row row) {
    double mbPerS = row.throughput().mbPerS();
    double opsPerS = row.throughput().opsPerS().median();
    return new Line(
        label,
        Products.style(row),
        row.throughput().opsPerS().times(mbPerS / opsPerS),
        Numbers.rounded(mbPerS));
  }

  private static Line heap(String label, Row row) {
    return new Line(
        label,
        Products.style(row),
        Spread.exactly(row.heapBytesPerOp()),
        Numbers.rounded(Math.rint(row.heapBytesPerOp())) + " B");
  }

  private static Line share(String label, Row row) {
    Spread ratio = row.ratios().toLimit();
    return new Line(label, Products.style(row), ratio, Numbers.ratio(ratio.median()));
  }

  /** A bar for the ratio, with what it compares as text. */
  private static Line ratio(String label, Row row) {
    return new Line(label, Products.style(row), row.ratios().toLimit(), Compared.text(row));
  }

  private static Line time(String label, Row row) {
    Spread p50 = row.latency().p50Us();
    Spread p99 = row.latency().p99Us();
    return new Line(
        label,
        Products.style(row),
        p50,
        p99,
        Numbers.time(p50.median()),
        Numbers.time(p99.median()));
  }

  private static String title(String scenario) {
    return switch (scenario) {
      case "commit" -> "Durable commit, one thread";
      case "group" -> "Durable commits of 4 KiB";
      case "ingest" -> "Ingest with overwrite";
      case "read" -> "Random reads";
      case "tail" -> "Commits at a fixed rate";
      case "busy" -> "Commits on a busy machine";
      case "overhead" -> "Files in memory";
      default -> scenario;
    };
  }
}
