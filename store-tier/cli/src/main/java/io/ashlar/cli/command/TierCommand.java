package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.TierStats;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
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

/** {@code ashlar tier}: what changed goes to object storage. */
@Command(
    name = "tier",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Upload everything that changed since the last time, as one checkpoint.",
      "URL is file:FOLDER or s3://BUCKET/PREFIX?endpoint=…&region=…; credentials come from the",
      "environment, as the AWS tools take them, never from the URL."
    })
public final class TierCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(
      names = "--evict",
      description = "Then drop the local bytes of all files; get them with --tier URL.")
  private boolean evict;

  @Option(
      names = "--adopt",
      description =
          "Go on with the tier that this store was restored from, before it changes; reads all of"
              + " it.")
  private boolean adopt;

  @Option(
      names = "--mixed-encryption",
      description = {
        "Allow to begin with --key-file where batches are that are not encrypted, or to go on"
            + " without",
        "it where they are. What is there stays as it is."
      })
  private boolean mixedEncryption;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(index = "1", paramLabel = "URL", description = "The object store.")
  private @Nullable String url;

  /** What a tiering did; also its JSON. */
  record Outcome(CheckpointReport checkpoint, long evicted, TierStats requests) {}

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    Path folder = Objects.requireNonNull(store);
    FrameKeys keys = keyOptions.keys();
    long startNs = System.nanoTime();
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url));
        LocalBlobStore local = options.openExisting(folder);
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
      if (json) {
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
