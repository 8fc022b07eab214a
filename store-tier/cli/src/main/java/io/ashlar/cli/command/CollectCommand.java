package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.upload.ForeignCollection;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar collect}: what nothing needs any more is deleted from a tier. */
@Command(
    name = "collect",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Delete from a tier what no checkpoint that is kept, no pin and no store needs.",
      "For a tier whose store is not open; an open store collects by itself. This takes the tier",
      "over for a moment: a store that is open there after all stops tiering until it is opened",
      "again. Without --keep and --keep-days every checkpoint is kept, and only what failed uploads",
      "and earlier collections left is deleted."
    })
public final class CollectCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(
      names = "--keep",
      paramLabel = "COUNT",
      description = "Keep the newest COUNT checkpoints that changed something.")
  private long keep;

  @Option(
      names = "--keep-days",
      paramLabel = "DAYS",
      description = "Keep checkpoints of the last DAYS days; with --keep, whatever either keeps.")
  private long keepDays;

  @Option(names = "--dry-run", description = "Only say what would be deleted; write nothing.")
  private boolean dryRun;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "URL", description = "The object store.")
  private @Nullable String url;

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    CollectionConfig config =
        CollectionConfig.DEFAULTS
            .withRetainCount(keep)
            .withRetainMs(TimeUnit.DAYS.toMillis(Math.min(keepDays, 100_000)));
    FrameKeys keys = keyOptions.keys();
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url))) {
      CollectionReport report = ForeignCollection.run(objects, keys, config, dryRun);
      if (json) {
        output.json(report);
      } else {
        print(output, report);
      }
    }
    return ExitCode.OK;
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
