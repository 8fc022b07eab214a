package io.ashlar.jmh.report;

import io.ashlar.jmh.chart.Chart;
import io.ashlar.jmh.chart.ChartSvg;
import io.ashlar.jmh.result.ResultsCsv;
import io.ashlar.jmh.result.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The figures that the repository publishes, made of the CSV files in {@code jmh/results}: charts,
 * and in documents what stands between {@code <!-- figures: NAME -->} and {@code <!-- end -->}.
 */
public final class Figures {

  /** The scenarios in the order of documents; their names are those of their files. */
  static final List<String> SCENARIOS =
      List.of("commit", "group", "ingest", "read", "reopen", "heap", "tier");

  /** The chart for README.md, which links it itself. */
  private static final String FIRST_SIGHT = "commit";

  private static final String TARGETS = "targets.csv";

  private static final Pattern MARKED =
      Pattern.compile("(<!-- figures: ([a-z-]+) -->\n).*?(<!-- end -->)", Pattern.DOTALL);

  private final Path root;
  private final Path results;
  private final List<Row> rows = new ArrayList<>();
  private final Map<String, List<String>> machines = new LinkedHashMap<>();
  private final Map<String, Chart> charts = new TreeMap<>();

  private Figures(Path root) {
    this.root = root;
    this.results = root.resolve("jmh/results");
    for (String scenario : measured()) {
      ResultsCsv csv = ResultsCsv.read(results.resolve(scenario + ".csv"));
      rows.addAll(csv.rows());
      machines.put(scenario, csv.machine());
      charts.putAll(Charts.ofProducts(scenario, csv.rows()));
    }
    Chart first = Charts.firstSight(rows);
    if (!first.panels().isEmpty()) {
      charts.put(FIRST_SIGHT, first);
    }
  }

  /** Returns the scenarios that have a file of results. */
  private Set<String> measured() {
    Set<String> names = new LinkedHashSet<>();
    try (Stream<Path> files = Files.list(results)) {
      List<String> there =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".csv") && !name.equals(TARGETS))
              .map(name -> name.substring(0, name.length() - ".csv".length()))
              .sorted()
              .toList();
      SCENARIOS.stream().filter(there::contains).forEach(names::add);
      names.addAll(there);
      return names;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the results: folder=" + results, e);
    }
  }

  /**
   * Returns the text of each file that holds figures, by its path.
   *
   * @param root the folder of the repository.
   * @throws java.io.UncheckedIOException if a file cannot be read.
   */
  public static Map<Path, String> of(Path root) {
    return new Figures(root).files();
  }

  private Map<Path, String> files() {
    Map<Path, String> files = new LinkedHashMap<>();
    charts.forEach(
        (name, chart) -> files.put(results.resolve(name + ".svg"), ChartSvg.file(chart)));
    if (machines.values().stream().anyMatch(lines -> !lines.isEmpty())) {
      files.put(results.resolve("machine.txt"), machine());
    }
    FigureTables tables = new FigureTables(Targets.read(results.resolve(TARGETS)));
    for (String document : List.of("README.md", "jmh/RESULTS.md")) {
      Path file = root.resolve(document);
      if (Files.exists(file)) {
        files.put(file, filled(file, tables));
      }
    }
    return files;
  }

  private String machine() {
    StringBuilder text = new StringBuilder("What the results were measured with, by file.\n");
    machines.forEach((scenario, lines) -> {
      text.append('\n').append(scenario).append(".csv\n");
      lines.forEach(line -> text.append("  ").append(line).append('\n'));
    });
    return text.toString();
  }

  private String filled(Path file, FigureTables tables) {
    Path folder = file.getParent();
    return MARKED
        .matcher(TextFile.read(file))
        .replaceAll(marked ->
            Matcher.quoteReplacement(
                marked.group(1)
                    + pictures(marked.group(2), folder == null ? root : folder)
                    + tables.of(marked.group(2), rows)
                    + marked.group(3)));
  }

  /** Returns the charts of a scenario, beside each other where there is room. */
  private String pictures(String name, Path folder) {
    StringBuilder text = new StringBuilder();
    charts.forEach((chart, drawn) -> {
      boolean whole = chart.equals(name) && !chart.equals(FIRST_SIGHT);
      if (whole || chart.startsWith(name + "-")) {
        text.append("![")
            .append(drawn.title())
            .append("](")
            .append(folder.relativize(results.resolve(chart + ".svg")))
            .append(")\n");
      }
    });
    return text.isEmpty() ? "" : text.append('\n').toString();
  }
}
