package io.ashlar.jmh.report;

import io.ashlar.jmh.chart.Numbers;
import io.ashlar.jmh.chart.Style;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The tables of each scenario in Markdown. */
final class FigureTables {

  private static final Pattern WRITTEN = Pattern.compile("overwrites((?: \\d+\\.\\d+)+)");
  private static final Pattern SPACE = Pattern.compile("live data: at most (\\d+\\.\\d+)");
  private static final Pattern PROCESSOR = Pattern.compile("processor time (\\d+\\.\\d+) us");
  private static final Pattern IO_THREAD = Pattern.compile("I/O thread (\\d+\\.\\d+) us an epoch");
  private static final Pattern INDEX = Pattern.compile("index (\\d+\\.\\d+) B a blob");

  private final Targets targets;

  FigureTables(Targets targets) {
    this.targets = targets;
  }

  /** Returns the tables of a scenario. */
  String of(String scenario, List<Row> rows) {
    Map<String, List<Row>> cells = Products.cells(rows, scenario);
    return switch (scenario) {
      case "reopen" -> reopen(cells);
      case "heap" -> heap(cells);
      case "tier" -> tier(cells);
      case "overhead" -> overhead(cells);
      default -> compared(scenario, cells) + overwritten(cells);
    };
  }

  private String compared(String scenario, Map<String, List<Row>> cells) {
    MarkdownTable table =
        new MarkdownTable(
            "Cell",
            "Target",
            "Ashlar",
            "Limit",
            "Of the limit",
            "Best peer",
            "× best peer",
            "Why not more");
    cells.forEach((cell, rows) -> {
      if (rows.stream().noneMatch(FigureTables::isCompared)) {
        return;
      }
      Targets.Target target = targets.of(scenario, cell);
      Products.ours(rows).ifPresent(ours -> line(table, cell, target, ours, rows));
      Products.form(rows, "claim")
          .ifPresent(
              claim -> line(table, cell + ", `claim`", new Targets.Target("", ""), claim, rows));
    });
    return table.text();
  }

  private static boolean isCompared(Row row) {
    return row.ratios().toLimit().isKnown() || row.ratios().toBestPeer().isKnown();
  }

  private static void line(
      MarkdownTable table, String cell, Targets.Target target, Row ours, List<Row> rows) {
    Optional<Row> peer = Products.bestPeer(rows);
    Ratios ratios = ours.ratios();
    table.add(
        cell,
        target.target(),
        got(ours),
        Products.limit(rows).map(FigureTables::got).orElse(""),
        ratio(ratios.toLimit()),
        peer.map(best -> Products.name(best) + ", " + Compared.text(best)).orElse(""),
        ratio(ratios.toBestPeer()),
        target.why());
  }

  private static String got(Row row) {
    Spread p99 = row.latency().p99Us();
    if (Compared.isP99(row)) {
      return "p50 " + Numbers.time(row.latency().p50Us().median()) + "; p99 " + Compared.text(row);
    }
    return Compared.text(row) + (p99.isKnown() ? "; p99 " + Numbers.time(p99.median()) : "");
  }

  private static String ratio(Spread ratio) {
    String quartiles =
        ratio.hasQuartiles()
            ? " (" + Numbers.ratio(ratio.low()) + "–" + Numbers.ratio(ratio.high()) + ")"
            : "";
    return Numbers.ratio(ratio.median()) + quartiles;
  }

  /** Returns what overwriting cost in writes and in space, where a scenario counted that. */
  private String overwritten(Map<String, List<Row>> cells) {
    MarkdownTable table =
        new MarkdownTable(
            "Cell", "Target", "Store", "Device bytes ÷ value bytes", "File ÷ live data, at most");
    cells.forEach((cell, rows) -> {
      for (Row row : rows) {
        String space = found(SPACE, row);
        if (!space.isEmpty()) {
          String[] passes = found(WRITTEN, row).strip().split(" ");
          boolean ours = Products.style(row) == Style.OURS;
          table.add(
              cell,
              ours ? targets.of(row.scenario(), cell).target() : "",
              Products.name(row),
              passes[passes.length - 1],
              space);
        }
      }
    });
    return table.text();
  }

  private String reopen(Map<String, List<Row>> cells) {
    MarkdownTable table =
        new MarkdownTable(
            "Cell", "Target", "Ashlar", "Limit", "Peers", "Index, bytes a blob", "Why not more");
    cells.forEach((cell, rows) ->
        Products.ours(rows)
            .ifPresent(ours -> {
              Targets.Target target = targets.of("reopen", cell);
              table.add(
                  cell,
                  target.target(),
                  Compared.text(ours),
                  Products.limit(rows).map(Compared::text).orElse(""),
                  named(rows, row -> Products.style(row) == Style.PEER),
                  found(INDEX, ours),
                  target.why());
            }));
    return table.text();
  }

  private static String named(List<Row> rows, Predicate<Row> wanted) {
    return rows.stream()
        .filter(wanted)
        .map(row -> Products.name(row) + " " + Compared.text(row))
        .collect(Collectors.joining(", "));
  }

  private String heap(Map<String, List<Row>> cells) {
    MarkdownTable table = new MarkdownTable("Cell", "Target", "Store", "Bytes", "Why not less");
    cells.forEach((cell, rows) -> {
      for (Row row : rows) {
        boolean ours = row.store().equals("ashlar");
        Targets.Target target = targets.of("heap", cell);
        table.add(
            cell,
            ours ? target.target() : "",
            Products.name(row),
            Numbers.rounded(Math.rint(row.heapBytesPerOp())),
            ours ? target.why() : "");
      }
    });
    return table.text();
  }

  private String overhead(Map<String, List<Row>> cells) {
    MarkdownTable table =
        new MarkdownTable(
            "Cell",
            "Target",
            "Store",
            "Operations a second",
            "Processor time, µs an operation",
            "× best peer",
            "I/O thread, µs an epoch",
            "Why not less");
    cells.forEach((cell, rows) -> {
      for (Row row : rows) {
        boolean ours = row.store().equals("ashlar");
        Targets.Target target = targets.of("overhead", cell);
        table.add(
            cell,
            ours ? target.target() : "",
            Products.name(row),
            Numbers.rounded(row.throughput().opsPerS().median()),
            found(PROCESSOR, row),
            ratio(row.ratios().toBestPeer()),
            found(IO_THREAD, row),
            ours ? target.why() : "");
      }
    });
    return table.text();
  }

  private String tier(Map<String, List<Row>> cells) {
    MarkdownTable rates =
        new MarkdownTable(
            "Cell", "Target", "Ashlar, MB/s", "Beside, MB/s", "Ratio", "Why not more");
    MarkdownTable reads =
        new MarkdownTable("Cell", "Target", "Store", "p50", "p99", "Remarks", "Why not less");
    cells.forEach((cell, rows) -> {
      Targets.Target target = targets.of("tier", cell);
      for (Row row : rows) {
        boolean ours = Products.style(row) == Style.OURS;
        if (row.latency().p50Us().isKnown()) {
          reads.add(
              cell,
              target.target(),
              Products.name(row),
              Numbers.time(row.latency().p50Us().median()),
              Numbers.time(row.latency().p99Us().median()),
              row.note(),
              target.why());
        } else if (ours) {
          rates.add(
              cell,
              target.target(),
              Numbers.rounded(row.throughput().mbPerS()),
              rows.stream()
                  .filter(other -> Products.style(other) != Style.OURS)
                  .map(other -> other.store() + " " + Numbers.rounded(other.throughput().mbPerS()))
                  .collect(Collectors.joining(", ")),
              ratio(row.ratios().toLimit()),
              target.why());
        }
      }
    });
    return rates.text() + reads.text();
  }

  private static String found(Pattern pattern, Row row) {
    Matcher matcher = pattern.matcher(row.note());
    return matcher.find() ? matcher.group(1) : "";
  }
}
