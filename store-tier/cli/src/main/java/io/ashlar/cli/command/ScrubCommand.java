package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.collect.Scrub;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar scrub}: everything that a tier keeps is read again. */
@Command(
    name = "scrub",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Read everything that a tier keeps, and verify every checksum. Deletes and writes nothing.",
      "Each missing or damaged object is listed; then the exit code is 1. Batches that nothing",
      "needs are listed too, and are no damage; see: ashlar collect"
    })
public final class ScrubCommand implements Callable<Integer> {
  private static final int PROBLEMS_MAX = 10_000;

  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Option(
      names = "--rate",
      paramLabel = "MB/S",
      description = "Read at most so many megabytes a second.")
  private long megabytesPerSecond;

  @Option(
      names = "--after",
      paramLabel = "BATCH",
      description = "Go on after this batch, as a run that broke off has named it.")
  private @Nullable String after;

  @Parameters(index = "0", paramLabel = "URL", description = "The object store.")
  private @Nullable String url;

  /** An object with a problem, as JSON. */
  record Found(String problem, String object, String message) {}

  /** What was found, as JSON. */
  record Outcome(boolean clean, Scrub.Report report, List<Found> problems) {}

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    Scrub.Options options =
        new Scrub.Options(
            Math.multiplyExact(megabytesPerSecond, 1_000_000L), after, keyOptions.keys());
    List<Found> found = new ArrayList<>();
    String[] last = {null};
    long startNs = System.nanoTime();
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url))) {
      Scrub.Report report;
      try (Progress progress = output.progress("scrub", 0)) {
        report = Scrub.run(objects, options, listener(progress, found, last));
      }
      if (json) {
        output.json(new Outcome(report.clean(), report, found));
      } else {
        print(output, report, found, System.nanoTime() - startNs);
      }
      return report.clean() ? ExitCode.OK : ExitCode.DIFFERENT;
    } catch (RuntimeException e) {
      if (last[0] != null) {
        output.note("to go on from here: --after " + last[0]);
      }
      throw e;
    }
  }

  private static Scrub.Listener listener(
      Progress progress, List<Found> found, @Nullable String[] last) {
    return new Scrub.Listener() {
      @Override
      public void onTotal(long batches, long bytes) {
        progress.total(bytes);
      }

      @Override
      public void onBatch(String name, long batches, long bytes) {
        last[0] = name;
        progress.at(batches, bytes);
      }

      @Override
      public void onProblem(Scrub.Problem problem, String object, String message) {
        if (found.size() < PROBLEMS_MAX) {
          found.add(new Found(problem.name().toLowerCase(Locale.ROOT), object, message));
        }
      }
    };
  }

  private static void print(Output output, Scrub.Report report, List<Found> found, long elapsedNs) {
    for (Found each : found) {
      output.line(each.problem() + ": " + each.object() + ": " + each.message());
    }
    output.line(
        "scrubbed "
            + Units.count(report.manifests(), "manifest")
            + " and "
            + Units.count(report.batches())
            + (report.batches() == 1 ? " batch, " : " batches, ")
            + Units.bytes(report.bytes())
            + ", "
            + Units.rate(report.bytes(), elapsedNs)
            + "; "
            + Units.count(report.missing())
            + " missing, "
            + Units.count(report.damaged())
            + " damaged, "
            + Units.count(report.orphans())
            + " orphaned");
  }
}
