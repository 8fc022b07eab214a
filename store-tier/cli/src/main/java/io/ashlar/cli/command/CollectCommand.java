package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.upload.ForeignCollection;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ashlar collect}: what nothing needs any more is deleted from a tier. */
@Command(
    name = "collect",
    description = {
      "Delete what a tier no longer needs.",
      "Deletes what no kept checkpoint, no pin and no store needs. Without --keep and"
          + " --keep-days, every checkpoint is kept, and only leftovers of failed uploads and"
          + " earlier collections are deleted.",
      "Use this for a tier whose store is not open; an open store collects by itself. The"
          + " command takes over the tier for a moment. A store that is open on it after all stops"
          + " tiering until it is opened again."
    },
    exitCodeList = "1:the tier is damaged",
    footer = "  ashlar collect --keep=10 --dry-run s3://bucket/photos")
public final class CollectCommand implements Callable<Integer> {
  private static final long KEEP_MAX = 1_000_000;
  private static final long KEEP_DAYS_MAX = 3_653;

  @Mixin private TierArgument tier = new TierArgument();
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(
      names = "--keep",
      paramLabel = "COUNT",
      description = "Keep the newest COUNT checkpoints that changed something. Default: keep all.")
  private long keep;

  @Option(
      names = "--keep-days",
      paramLabel = "DAYS",
      description =
          "Keep the checkpoints of the last DAYS days. With --keep, keep what either option"
              + " keeps. Default: keep all.")
  private long keepDays;

  @Option(names = "--dry-run", description = "Print what would be deleted, and write nothing.")
  private boolean dryRun;

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    check("--keep", keep, KEEP_MAX);
    check("--keep-days", keepDays, KEEP_DAYS_MAX);
    CollectionConfig config =
        CollectionConfig.DEFAULTS
            .withRetainCount(keep)
            .withRetainMs(TimeUnit.DAYS.toMillis(keepDays));
    FrameKeys keys = keyOptions.keys();
    try (ObjectStore objects = tier.openExisting()) {
      CollectionReport report = ForeignCollection.run(objects, keys, config, dryRun);
      if (outputOptions.json()) {
        output.json(report);
      } else {
        print(output, report);
      }
    }
    return ExitCode.OK;
  }

  private void check(String option, long value, long most) {
    if (value < 0 || value > most) {
      throw outputOptions.wrongUse(option + " must be 0 to " + most + ": " + value);
    }
  }

  private void print(Output output, CollectionReport report) {
    output.line(
        (dryRun ? "would delete " : "deleted ")
            + count(report.batchesDeleted(), "batch", "batches")
            + " ("
            + Units.bytes(report.bytesDeleted())
            + ") and "
            + Units.count(report.manifestsDeleted(), "manifest")
            + "; oldest checkpoint kept: "
            + report.retainedFrom());
    if (report.pins() > 0) {
      output.line(Units.count(report.pins(), "pin") + " held; see: ashlar checkpoints");
    }
    if (report.batchesLeft() > 0) {
      output.line(count(report.batchesLeft(), "batch", "batches") + " left for now");
    }
  }

  private static String count(long count, String one, String many) {
    return Units.count(count) + " " + (count == 1 ? one : many);
  }
}
