package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.TierStats;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ashlar tier}: what changed goes to object storage. */
@Command(
    name = "tier",
    description = {"Upload everything that changed since the last time, as one checkpoint."},
    exitCodeList = "1:a blob is damaged, or the tier is",
    footer = "  ashlar tier /var/lib/photos 's3://bucket/photos?region=eu-central-1'")
public final class TierCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private TieredStoreArguments arguments = new TieredStoreArguments();

  @Option(
      names = "--evict",
      description =
          "Then drop the local bytes of all files. Read them later with: ashlar get --tier"
              + " URL.")
  private boolean evict;

  @Option(
      names = "--adopt",
      description =
          "Take over the tier that this store was restored from, before the store changes."
              + " Reads the whole tier.")
  private boolean adopt;

  @Option(
      names = "--mixed-encryption",
      description =
          "Allow encrypted and unencrypted batches in one tier, to start or to stop using"
              + " --key-file. Existing batches stay as they are.")
  private boolean mixedEncryption;

  /** What a tiering did; also its JSON. */
  record Outcome(CheckpointReport checkpoint, long evicted, TierStats requests) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    FrameKeys keys = arguments.keys();
    long startNs = System.nanoTime();
    try (ObjectStore objects = arguments.openObjects();
        LocalBlobStore local = arguments.openStore();
        Tier tier =
            OpenStore.builder(local, objects, keys)
                .adopt(adopt)
                .mixedEncryption(mixedEncryption)
                .open()) {
      CheckpointReport report;
      try (Progress progress = output.progress("tier", 0)) {
        report = tier.checkpoint(progressOf(progress));
      }
      long elapsedNs = System.nanoTime() - startNs;
      long evicted = evict ? tier.evict(id -> !Catalogue.isPage(id)) : 0;
      Outcome outcome = new Outcome(report, evicted, tier.stats());
      if (outputOptions.json()) {
        output.json(outcome);
      } else {
        print(output, outcome, elapsedNs);
      }
    }
    return ExitCode.OK;
  }

  /** Passes a tier's progress on to the screen. */
  public static TierProgress progressOf(Progress progress) {
    return new TierProgress() {
      @Override
      public void onTotal(long blobs, long bytes) {
        progress.total(bytes);
      }

      @Override
      public void onProgress(long blobs, long bytes) {
        progress.at(blobs, bytes);
      }
    };
  }

  private static void print(Output output, Outcome outcome, long elapsedNs) {
    CheckpointReport report = outcome.checkpoint();
    String evicted =
        outcome.evicted() == 0 ? "" : "; evicted " + Units.count(outcome.evicted(), "blob");
    if (report.manifestSequence() == 0) {
      output.line("nothing to tier: the tier has every change" + evicted);
      return;
    }
    output.line(
        "checkpoint "
            + report.manifestSequence()
            + ": "
            + Units.count(report.blobs(), "blob")
            + " and "
            + Units.count(report.deletes(), "delete")
            + " in "
            + Units.count(report.batches())
            + (report.batches() == 1 ? " batch, " : " batches, ")
            + Units.bytes(report.bytesBefore())
            + " packed to "
            + Units.bytes(report.bytesAfter())
            + ", "
            + Units.rate(report.bytesBefore(), elapsedNs)
            + "; "
            + outcome.requests().puts()
            + " PUT, "
            + outcome.requests().gets()
            + " GET"
            + evicted);
  }
}
