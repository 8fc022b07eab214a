package io.ashlar.jmh.report;

import static io.ashlar.jmh.report.BarChart.escaped;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Writes results as one page with charts that needs nothing else: no script, no other file. */
public final class HtmlReport {

  private static final String STYLE =
      """
      :root { --ink: #1d2330; --paper: #fafaf8; --card: #fff; --faint: #6b7280; --line: #e3e3df;
        --ours: #0f6fbf; --peer: #a9b0bb; --limit: #e0b45c; --mark: #b4232a; }
      @media (prefers-color-scheme: dark) {
        :root { --ink: #e6e8ec; --paper: #14171c; --card: #1c2027; --faint: #9aa3b2;
          --line: #2d333d; --ours: #4da3ee; --peer: #626b79; --limit: #b98f3f; --mark: #f08080; } }
      body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
        max-width: 1380px; margin: 0 auto; padding: 24px; }
      h1 { font-size: 24px; margin: 0 0 4px; }
      h2 { font-size: 19px; margin: 36px 0 2px; }
      h3 { font-size: 15px; margin: 0 0 8px; }
      p { margin: 2px 0 12px; color: var(--faint); }
      .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
        padding: 14px 16px; margin: 12px 0; }
      .charts { display: flex; flex-wrap: wrap; gap: 12px 14px; }
      svg text { font: 12px system-ui, sans-serif; fill: var(--ink); paint-order: stroke;
        stroke: var(--card); stroke-width: 4px; }
      svg .title { fill: var(--faint); font-weight: 600; }
      svg .label { text-anchor: end; }
      svg .label.ours { font-weight: 700; }
      rect.ours { fill: var(--ours); } rect.peer { fill: var(--peer); }
      rect.limit { fill: var(--limit); } rect.tail { opacity: 0.35; }
      .mark { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 4 3; }
      table { border-collapse: collapse; width: 100%; font-size: 13px; }
      th, td { text-align: right; padding: 3px 8px; border-bottom: 1px solid var(--line);
        white-space: nowrap; vertical-align: top; }
      th:first-child, td:first-child, td.note, th.note { text-align: left; }
      td.note { white-space: normal; color: var(--faint); }
      summary { cursor: pointer; color: var(--faint); font-size: 13px; margin-top: 8px; }
      .wide { overflow-x: auto; }
      """;

  private static final String OURS = "ashlar";

  private HtmlReport() {}

  /**
   * Returns the page.
   *
   * @param machine lines that say what it was measured with.
   * @param titles each scenario's name and what it measures.
   */
  public static String page(List<String> machine, Map<String, String> titles, List<Row> rows) {
    StringBuilder page =
        new StringBuilder(
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n")
            .append("<meta name=\"viewport\" content=\"width=device-width\"/>\n")
            .append("<title>Ashlar beside its peers</title>\n<style>\n")
            .append(STYLE)
            .append("</style>\n</head>\n<body>\n<h1>Ashlar beside its peers</h1>\n<p>")
            .append(escaped(String.join(" · ", machine)))
            .append("</p>\n<p>Blue: Ashlar. Grey: peers. Amber: what the device gives without a")
            .append(" store; the dashed line is the best of these. Medians of rounds; a ratio is")
            .append(" the median of each round’s.</p>\n");
    summary(page, rows);
    titles.forEach((scenario, title) -> {
      page.append("<h2>").append(escaped(scenario)).append("</h2>\n<p>");
      page.append(escaped(title)).append("</p>\n");
      cells(rows, scenario).forEach((cell, cellRows) -> card(page, scenario, cell, cellRows));
    });
    return page.append("</body>\n</html>\n").toString();
  }

  private static Map<String, List<Row>> cells(List<Row> rows, String scenario) {
    Map<String, List<Row>> cells = new LinkedHashMap<>();
    for (Row row : Report.sorted(rows)) {
      if (row.scenario().equals(scenario)) {
        cells.computeIfAbsent(row.cell(), any -> new ArrayList<>()).add(row);
      }
    }
    return cells;
  }

  /** One line for each cell: how Ashlar as it comes did there. */
  private static void summary(StringBuilder page, List<Row> rows) {
    page.append("<div class=\"card wide\"><table>\n<tr><th>Ashlar in</th><th>ops/s</th>")
        .append("<th>MB/s</th><th>p50 µs</th><th>p99 µs</th><th>of the limit</th>")
        .append("<th>× best peer</th><th>heap B/op</th></tr>\n");
    for (Row row : rows) {
      if (row.store().equals(OURS)) {
        page.append("<tr><td>").append(escaped(row.scenario() + ", " + row.cell())).append("</td>");
        numbers(page, row).append("</tr>\n");
      }
    }
    page.append("</table></div>\n");
  }

  private static StringBuilder numbers(StringBuilder page, Row row) {
    double[] numbers = {
      row.throughput().opsPerS().median(),
      row.throughput().mbPerS(),
      row.latency().p50Us().median(),
      row.latency().p99Us().median(),
      row.ratios().toLimit().median(),
      row.ratios().toBestPeer().median(),
      row.heapBytesPerOp()
    };
    for (double number : numbers) {
      page.append("<td>").append(number(number)).append("</td>");
    }
    return page;
  }

  private static void card(StringBuilder page, String scenario, String cell, List<Row> rows) {
    page.append("<div class=\"card\"><h3>").append(escaped(cell)).append("</h3>\n");
    page.append("<div class=\"charts\">\n");
    switch (scenario) {
      case "heap" -> {
        chart(page, "heap, bytes an operation", rows, Row::heapBytesPerOp, Double.NaN);
        latencies(page, rows);
      }
      case "reopen" -> {
        latencies(page, rows);
        chart(page, "of the limit", rows, row -> row.ratios().toLimit().median(), 1);
      }
      default -> {
        chart(
            page,
            "operations a second",
            rows,
            row -> row.throughput().opsPerS().median(),
            Double.NaN);
        chart(page, "of the limit", rows, row -> row.ratios().toLimit().median(), 1);
        latencies(page, rows);
      }
    }
    boolean alone =
        rows.stream().noneMatch(row -> Double.isFinite(row.ratios().toLimit().median()));
    page.append("</div>\n<details class=\"wide\"")
        .append(alone || scenario.equals("reopen") ? " open=\"open\"" : "")
        .append("><summary>Numbers, durability, remarks</summary>")
        .append("<table>\n<tr><th>store</th><th>ops/s</th><th>MB/s</th><th>p50 µs</th>")
        .append("<th>p99 µs</th><th>of the limit</th><th>× best peer</th><th>heap B/op</th>")
        .append("<th class=\"note\">durability; remarks</th></tr>\n");
    for (Row row : rows) {
      page.append("<tr><td>").append(escaped(row.store())).append("</td>");
      numbers(page, row).append("<td class=\"note\">").append(escaped(row.note()));
      page.append("</td></tr>\n");
    }
    page.append("</table></details></div>\n");
  }

  private static void chart(
      StringBuilder page, String title, List<Row> rows, ToDoubleFunction<Row> value, double mark) {
    bars(
        page,
        title,
        rows,
        row ->
            new BarChart.Bar(
                row.store(),
                style(row),
                value.applyAsDouble(row),
                Double.NaN,
                number(value.applyAsDouble(row))),
        mark);
  }

  private static void latencies(StringBuilder page, List<Row> rows) {
    boolean tails = rows.stream().anyMatch(row -> Double.isFinite(row.latency().p99Us().median()));
    bars(
        page,
        tails ? "latency: p50, and p99 paler" : "time",
        rows,
        row ->
            new BarChart.Bar(
                row.store(),
                style(row),
                row.latency().p50Us().median(),
                row.latency().p99Us().median(),
                time(row.latency().p50Us().median())
                    + (tails ? " · " + time(row.latency().p99Us().median()) : "")),
        Double.NaN);
  }

  /** Adds a chart of those rows that have a value, if there is one. */
  private static void bars(
      StringBuilder page,
      String title,
      List<Row> rows,
      Function<Row, BarChart.Bar> toBar,
      double mark) {
    List<BarChart.Bar> bars =
        rows.stream().map(toBar).filter(bar -> Double.isFinite(bar.value())).toList();
    if (!bars.isEmpty()) {
      page.append(BarChart.svg(title, bars, mark));
    }
  }

  private static String style(Row row) {
    if (row.store().startsWith("ashlar")) {
      return "ours";
    }
    return row.store().startsWith("limit/") ? "limit" : "peer";
  }

  /** Returns microseconds in the unit that suits them; an empty text for NaN. */
  static String time(double us) {
    if (!Double.isFinite(us)) {
      return "";
    }
    if (us < 1e4) {
      return number(us) + " µs";
    }
    return us < 1e6 ? number(us / 1e3) + " ms" : number(us / 1e6) + " s";
  }

  /** Returns a number with as many decimals as its size deserves; an empty text for NaN. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return "";
    }
    double size = Math.abs(value);
    int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size == 0 ? 2 : 4;
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }
}
