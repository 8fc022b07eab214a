package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.RepairOptions;
import io.ashlar.tier.RepairReport;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ashlar repair}: a tier that has lost objects is made whole again from its store. */
@Command(
    name = "repair",
    description = {
      "Repair a tier that has lost objects, from its store and from what is left.",
      "Uploads again what is still local. Replaces lost manifests by one new checkpoint."
          + " Earlier checkpoints are given up: restore what you need of them first.",
      "Reads every batch. Lists what is lost, and records it in the tier."
    },
    exitCodeList = "1:blobs are lost",
    footer = "  ashlar repair /var/lib/photos s3://bucket/photos")
public final class RepairCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private TieredStoreArguments arguments = new TieredStoreArguments();

  @Option(
      names = "--alone",
      description =
          "Confirm that nobody else writes to this tier, now or later. Needed if the object"
              + " store has no working put-if-match, or if the tier has checkpoints that this"
              + " store does not know.")
  private boolean alone;

  /** What a repair did; also its JSON. */
  record Outcome(RepairReport report, List<LossList.Loss> losses) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    FrameKeys keys = arguments.keys();
    LossList losses = new LossList();
    RepairReport report;
    try (ObjectStore objects = arguments.openExistingObjects();
        LocalBlobStore local = arguments.openStore();
        Progress progress = output.progress("repair", 0)) {
      report =
          OpenStore.builder(local, objects, keys)
              .repair(
                  RepairOptions.DEFAULTS.withAlone(alone),
                  TierCommand.progressOf(progress),
                  losses);
      losses.nameKnown(local, output);
    }
    if (outputOptions.json()) {
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
