package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.collect.Scrub;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ashlar scrub}: everything that a tier keeps is read again. */
@Command(
    name = "scrub",
    description = {
      "Read everything in a tier and verify every checksum.",
      "Writes and deletes nothing. Lists each missing or damaged object. Also lists batches"
          + " that nothing needs; these are no damage, and \"ashlar collect\" deletes them."
    },
    exitCodeList = "1:an object is missing or damaged",
    footer = "  ashlar scrub --rate=50 s3://bucket/photos")
public final class ScrubCommand implements Callable<Integer> {
  private static final int PROBLEMS_MAX = 10_000;

  @Mixin private TierArgument tier = new TierArgument();
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();
  @Mixin private RateOption rate = new RateOption();

  @Option(
      names = "--after",
      paramLabel = "BATCH",
      description = "Continue after this batch. A run that broke off prints which.")
  private @Nullable String after;

  /** An object with a problem, as JSON. */
  record Found(String problem, String object, String message) {}

  /** What was found, as JSON. */
  record Outcome(boolean clean, Scrub.Report report, List<Found> problems) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    if (after != null && TierKeys.batchName(after) == null) {
      throw outputOptions.wrongUse(
          "not the name of a batch: --after="
              + after
              + "; give the one that an earlier run printed");
    }
    Scrub.Options options = new Scrub.Options(rate.bytesPerSecondMax(), after, keyOptions.keys());
    List<Found> found = new ArrayList<>();
    String[] last = {null};
    long startNs = System.nanoTime();
    try (ObjectStore objects = tier.openExisting()) {
      Scrub.Report report;
      try (Progress progress = output.progress("scrub", 0)) {
        report = Scrub.run(objects, options, listener(progress, found, last));
      }
      if (outputOptions.json()) {
        output.json(new Outcome(report.clean(), report, found));
      } else {
        print(output, report, found, System.nanoTime() - startNs);
      }
      return report.clean() ? ExitCode.OK : ExitCode.DIFFERENT;
    } catch (RuntimeException e) {
      if (last[0] != null) {
        output.note("to continue from here: --after " + last[0]);
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
