package io.ashlar.jmh;

import io.ashlar.jmh.report.Figures;
import io.ashlar.jmh.report.Page;
import io.ashlar.jmh.report.TextFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code scripts/bench charts}: it publishes results that were measured before. */
@Command(
    name = "charts",
    mixinStandardHelpOptions = true,
    description = {
      "Writes the charts, and the tables in README.md and jmh/RESULTS.md, that jmh/results/*.csv"
          + " make. Measures nothing.",
      "In a document, tables and charts stand between <!-- figures: SCENARIO --> and <!-- end -->."
    })
final class ChartsCommand implements Callable<Integer> {

  @Option(
      names = "--root",
      paramLabel = "DIR",
      defaultValue = "${sys:ashlar.root:-.}",
      description = "The repository (${DEFAULT-VALUE}).")
  private Path root = Path.of(".");

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Also write a page with every chart and every number.")
  private @Nullable Path html;

  @Override
  public Integer call() {
    Map<Path, String> files = Figures.of(root);
    if (files.keySet().stream().noneMatch(file -> file.toString().endsWith(".svg"))) {
      System.err.println(
          "error: no results: folder="
              + root.resolve("jmh/results")
              + "; measure with scripts/bench SCENARIO --csv FILE");
      return CommandLine.ExitCode.USAGE;
    }
    files.forEach(TextFile::write);
    System.out.println("written: " + files.size() + " files");
    if (html != null) {
      Map<String, String> titles = new LinkedHashMap<>();
      Bench.scenarios().forEach((name, scenario) -> titles.put(name, scenario.title()));
      TextFile.write(html, Page.ofResults(root.resolve("jmh/results"), titles));
      System.out.println("written: " + html);
    }
    return CommandLine.ExitCode.OK;
  }
}
