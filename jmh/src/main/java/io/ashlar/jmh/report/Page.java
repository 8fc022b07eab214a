package io.ashlar.jmh.report;

import static io.ashlar.jmh.chart.Markup.escaped;
import static io.ashlar.jmh.chart.Numbers.ratio;
import static io.ashlar.jmh.chart.Numbers.rounded;
import static io.ashlar.jmh.chart.Numbers.time;

import io.ashlar.jmh.chart.ChartSvg;
import io.ashlar.jmh.chart.StyleSheet;
import io.ashlar.jmh.result.ResultsCsv;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.TextTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes results as one page with charts that needs nothing else: no script, no other file. */
public final class Page {

  private static final String STYLE =
      """
      :root { --paper: #f5f6f8; }
      @media (prefers-color-scheme: dark) { :root { --paper: #14171c; } }
      * { box-sizing: border-box; }
      body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink);
        background: var(--paper); max-width: 1300px; margin: 0 auto; padding: 12px;
        overflow-wrap: break-word; }
      h1 { font-size: 24px; margin: 8px 0 4px; }
      h2 { font-size: 19px; margin: 36px 0 2px; }
      h3 { font-size: 15px; margin: 0 0 4px; }
      p { margin: 2px 0 12px; color: var(--faint); }
      .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
        padding: 12px; margin: 12px 0; }
      .charts { display: grid; gap: 8px 12px;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); }
      svg.chart { width: 100%; max-width: 440px; height: auto; display: block; }
      table { border-collapse: collapse; width: 100%; font-size: 13px; }
      th, td { text-align: right; padding: 3px 8px; border-bottom: 1px solid var(--line);
        white-space: nowrap; vertical-align: top; }
      th:first-child, td:first-child, td.note, th.note { text-align: left; }
      td.note { white-space: normal; min-width: 260px; color: var(--faint); }
      summary { cursor: pointer; color: var(--faint); font-size: 13px; margin-top: 8px; }
      .wide { overflow-x: auto; }
      @media (max-width: 640px) {
        .more { display: none; }
        th, td:first-child { white-space: normal; }
        table { font-size: 12px; }
        th, td { padding: 3px 4px; }
      }
      """;

  private static final String OURS = "ashlar";

  private Page() {}

  /**
   * Returns the page of all CSV files in a folder.
   *
   * @param titles each scenario's name, which is its file's, and what it measures.
   */
  public static String ofResults(Path folder, Map<String, String> titles) {
    Map<String, String> machine = new LinkedHashMap<>();
    Map<String, String> measured = new LinkedHashMap<>();
    List<Row> rows = new ArrayList<>();
    titles.forEach((scenario, title) -> {
      Path file = folder.resolve(scenario + ".csv");
      if (Files.exists(file)) {
        ResultsCsv csv = ResultsCsv.read(file);
        csv.machine().forEach(line -> machine.putIfAbsent(line.split(":", 2)[0], line));
        rows.addAll(csv.rows());
        measured.put(scenario, title);
      }
    });
    return page(List.copyOf(machine.values()), measured, rows);
  }

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
            .append(StyleSheet.rules(":root"))
            .append(STYLE)
            .append("</style>\n</head>\n<body>\n<h1>Ashlar beside its peers</h1>\n<p>")
            .append(escaped(String.join(" · ", machine)))
            .append("</p>\n<p>Blue: Ashlar. Grey: peers. Amber: what the device gives without a")
            .append(" store. The dashed line is the best of these. Figures are medians of")
            .append(" the rounds. A ratio is the median of each round’s ratio.</p>\n");
    summary(page, rows);
    titles.forEach((scenario, title) -> {
      page.append("<h2>").append(escaped(scenario)).append("</h2>\n<p>");
      page.append(escaped(title)).append("</p>\n");
      Products.cells(TextTable.sorted(rows), scenario)
          .forEach((cell, cellRows) -> card(page, scenario, cell, cellRows));
    });
    return page.append("</body>\n</html>\n").toString();
  }

  /** One line for each cell: how Ashlar with its defaults did there. */
  private static void summary(StringBuilder page, List<Row> rows) {
    page.append("<div class=\"card wide\"><table>\n<tr><th>Ashlar in</th><th>ops/s</th>")
        .append("<th class=\"more\">MB/s</th><th>p50</th><th class=\"more\">p99</th>")
        .append(
            "<th>of the limit</th><th>× best peer</th><th class=\"more\">heap B/op</th></tr>\n");
    for (Row row : rows) {
      if (row.store().equals(OURS)) {
        page.append("<tr><td>").append(escaped(row.scenario() + ", " + row.cell())).append("</td>");
        numbers(page, row).append("</tr>\n");
      }
    }
    page.append("</table></div>\n");
  }

  private static StringBuilder numbers(StringBuilder page, Row row) {
    number(page, "", rounded(row.throughput().opsPerS().median()));
    number(page, "more", rounded(row.throughput().mbPerS()));
    number(page, "", time(row.latency().p50Us().median()));
    number(page, "more", time(row.latency().p99Us().median()));
    number(page, "", ratio(row.ratios().toLimit().median()));
    number(page, "", ratio(row.ratios().toBestPeer().median()));
    number(page, "more", rounded(row.heapBytesPerOp()));
    return page;
  }

  private static void number(StringBuilder page, String style, String text) {
    page.append(style.isEmpty() ? "<td>" : "<td class=\"" + style + "\">");
    page.append(text).append("</td>");
  }

  private static void card(StringBuilder page, String scenario, String cell, List<Row> rows) {
    page.append("<div class=\"card\"><h3>").append(escaped(cell)).append("</h3>\n");
    page.append("<div class=\"charts\">\n");
    Charts.ofCell(scenario, rows).forEach(chart -> page.append(ChartSvg.element(chart)));
    boolean alone =
        rows.stream().noneMatch(row -> Double.isFinite(row.ratios().toLimit().median()));
    page.append("</div>\n<details class=\"wide\"")
        .append(alone || scenario.equals("reopen") ? " open=\"open\"" : "")
        .append("><summary>Numbers, durability, remarks</summary>")
        .append("<table>\n<tr><th>store</th><th>ops/s</th><th class=\"more\">MB/s</th><th>p50</th>")
        .append("<th class=\"more\">p99</th><th>of the limit</th><th>× best peer</th>")
        .append("<th class=\"more\">heap B/op</th>")
        .append("<th class=\"note\">durability; remarks</th></tr>\n");
    for (Row row : rows) {
      page.append("<tr><td>").append(escaped(row.store())).append("</td>");
      numbers(page, row).append("<td class=\"note\">").append(escaped(row.note()));
      page.append("</td></tr>\n");
    }
    page.append("</table></details></div>\n");
  }
}
