package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.RepairOptions;
import io.ashlar.tier.RepairReport;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

/** {@code ashlar repair}: a tier that has lost objects is made whole again from its store. */
@Command(
    name = "repair",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Make a tier that has lost objects whole again, from its store and from what is left.",
      "What is still local is uploaded again. Lost manifests are replaced by a new checkpoint, and",
      "earlier checkpoints are given up: restore what you need of them first. Every batch is read.",
      "What is lost is listed, and recorded in the tier; then the exit code is 1."
    })
public final class RepairCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(
      names = "--alone",
      description = {
        "Nobody else writes to this tier, nor will. Needed where the object store has no real",
        "put-if-match, and where the tier had checkpoints that this store does not know."
      })
  private boolean alone;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(index = "1", paramLabel = "URL", description = "The object store.")
  private @Nullable String url;

  /** What a repair did; also its JSON. */
  record Outcome(RepairReport report, List<LossList.Loss> losses) {}

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    LossList losses = new LossList();
    RepairReport report;
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url));
        LocalBlobStore local = options.openExisting(Objects.requireNonNull(store));
        Progress progress = output.progress("repair", 0)) {
      report =
          Tier.builder(local, objects)
              .config(TierConfig.DEFAULTS.withIntervalMs(0))
              .keys(keyOptions.keys())
              .repair(
                  RepairOptions.DEFAULTS.withAlone(alone),
                  TierCommand.progressOf(progress),
                  losses);
      losses.nameKnown(local, output);
    }
    if (json) {
      output.json(new Outcome(report, losses.losses()));
    } else {
      losses.print(output);
      print(output, report);
    }
    return report.lostBlobs() == 0 ? ExitCode.OK : ExitCode.DIFFERENT;
  }

  private static void print(Output output, RepairReport report) {
    output.line(
        "repaired: checkpoint "
            + report.checkpoint()
            + "; "
            + Units.count(report.lostManifests(), "manifest")
            + " and "
            + count(report.lostBatches())
            + " were lost; kept "
            + count(report.keptBatches())
            + ", "
            + Units.count(report.adoptedBatches())
            + " of them adopted; uploaded "
            + Units.count(report.uploadedBlobs(), "blob")
            + ", "
            + Units.bytes(report.uploadedBytes())
            + "; saved "
            + Units.count(report.copiedBlobs(), "blob")
            + " from damaged batches; lost "
            + Units.count(report.lostBlobs(), "blob"));
  }

  private static String count(long batches) {
    return Units.count(batches) + (batches == 1 ? " batch" : " batches");
  }
}
