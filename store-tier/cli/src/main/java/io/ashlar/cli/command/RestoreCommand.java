package io.ashlar.cli.command;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.cli.file.FolderRemoval;
import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import io.ashlar.tier.restore.RestoreReport;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ashlar restore}: a new store from a checkpoint of a tier. */
@Command(
    name = "restore",
    description = {
      "Create a store from a checkpoint of a tier.",
      "If a restore is interrupted, run the same command again: it continues where it" + " stopped."
    },
    exitCodeList = "1:the tier is damaged; with --partial, something was lost or left out",
    footer = "  ashlar restore s3://bucket/photos /var/lib/photos")
public final class RestoreCommand implements Callable<Integer> {
  @Mixin private TierArgument tier = new TierArgument();
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreOptions options = new StoreOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(
      names = "--checkpoint",
      paramLabel = "ID",
      description =
          "Number of the checkpoint, as listed by \"ashlar checkpoints\". Default: the"
              + " newest.")
  private long checkpoint;

  @Option(
      names = "--delta",
      description =
          "Change the existing store to that checkpoint: fetch what differs, delete what the"
              + " checkpoint does not have. Until this is done, the folder holds an unfinished"
              + " restore instead of a store.")
  private boolean delta;

  @Option(
      names = "--partial",
      description =
          "If objects of the tier are lost, restore everything that is proven intact and"
              + " list the rest. Blobs whose last change may be lost are left out.")
  private boolean partial;

  @Option(
      names = "--uncertain",
      description = "With --partial: also restore those blobs, in the last state that is left.")
  private boolean uncertain;

  @Parameters(
      index = "1",
      paramLabel = "STORE",
      description = "Folder of the new store: empty, or not there yet.")
  private @Nullable Path store;

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    Path folder = Objects.requireNonNull(store);
    FrameKeys keys = keyOptions.keys();
    Path unfinished = folder.resolve(".restoring");
    checkOptions();
    checkFolder(folder, unfinished);
    boolean withdrawn = delta && withdraw(folder, unfinished);
    boolean resumed = Files.exists(unfinished.resolve(StoreOptions.DATA_FILE), NOFOLLOW_LINKS);
    RestoreOptions wanted =
        RestoreOptions.DEFAULTS
            .withCheckpoint(checkpoint)
            .withOnto(resumed)
            .withLosses(how())
            .withKeys(keys);
    boolean existed = Files.exists(folder);
    long startNs = System.nanoTime();
    boolean done = false;
    AtomicBoolean begun = new AtomicBoolean();
    try {
      LossList losses = new LossList();
      RestoreReport report = restore(unfinished, wanted, output, begun, losses);
      done = true;
      publish(unfinished, folder);
      FolderRemoval.remove(unfinished);
      report(output, report, losses, System.nanoTime() - startNs);
      return report.losses().nothing() ? ExitCode.OK : ExitCode.DIFFERENT;
    } catch (StoreOpenException | CheckpointDroppedException e) {
      if (begun.get()) {
        throw e;
      }
      // Nothing was changed yet.
      if (withdrawn) {
        moveData(unfinished, folder);
      }
      if (withdrawn || !resumed) {
        FolderRemoval.remove(unfinished);
      }
      if (!existed) {
        Files.deleteIfExists(folder);
      }
      throw e;
    } finally {
      if (!done && Files.exists(unfinished)) {
        output.note(
            "what was restored so far is kept; to continue, give the same command again, or another"
                + " checkpoint");
      }
    }
  }

  private void checkOptions() {
    if (partial && delta) {
      throw outputOptions.wrongUse(
          "--partial and --delta exclude each other; to repair the tier of an existing store, use:"
              + " ashlar repair STORE URL");
    }
    if (uncertain && !partial) {
      throw outputOptions.wrongUse("--uncertain needs --partial");
    }
  }

  private RestoreReport restore(
      Path unfinished, RestoreOptions wanted, Output output, AtomicBoolean begun, LossList losses)
      throws IOException {
    if (Files.isSymbolicLink(unfinished)) {
      throw new IOException("refused to restore through a symbolic link: path=" + unfinished);
    }
    try (ObjectStore objects = tier.openExisting();
        LocalBlobStore opened = options.openOrCreate(unfinished);
        Progress progress = output.progress("restore", 0)) {
      RestoreReport report =
          Restore.restore(
              objects, opened, wanted, noting(begun, TierCommand.progressOf(progress)), losses);
      if (!report.losses().nothing()) {
        losses.name(Catalogue.load(opened));
      }
      return report;
    }
  }

  private RestoreOptions.Losses how() {
    if (!partial) {
      return RestoreOptions.Losses.REFUSE;
    }
    return uncertain ? RestoreOptions.Losses.GUESS : RestoreOptions.Losses.SKIP;
  }

  /** What a restore did; also its JSON. */
  record Outcome(RestoreReport report, List<LossList.Loss> losses) {}

  /** Before the total is told, nothing of the store has been changed. */
  private static TierProgress noting(AtomicBoolean begun, TierProgress shown) {
    return new TierProgress() {
      @Override
      public void onTotal(long blobs, long bytes) {
        begun.set(true);
        shown.onTotal(blobs, bytes);
      }

      @Override
      public void onProgress(long blobs, long bytes) {
        shown.onProgress(blobs, bytes);
      }
    };
  }

  /** Makes the folder a store only now that the restore is complete. */
  private static void publish(Path unfinished, Path folder) throws IOException {
    moveData(unfinished, folder);
  }

  /** The store that is there becomes a restore to go on with, if it is not one already. */
  private static boolean withdraw(Path folder, Path unfinished) throws IOException {
    if (!Files.exists(folder.resolve(StoreOptions.DATA_FILE), NOFOLLOW_LINKS)) {
      return false;
    }
    if (!Files.isDirectory(unfinished, NOFOLLOW_LINKS)) {
      Files.createDirectory(
          unfinished,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    moveData(folder, unfinished);
    return true;
  }

  private static void moveData(Path from, Path to) throws IOException {
    Files.move(
        from.resolve(StoreOptions.DATA_FILE),
        to.resolve(StoreOptions.DATA_FILE),
        StandardCopyOption.ATOMIC_MOVE);
    for (Path folder : new Path[] {to, from}) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private void report(Output output, RestoreReport report, LossList losses, long elapsedNs) {
    if (outputOptions.json()) {
      output.json(partial ? new Outcome(report, losses.losses()) : report);
      return;
    }
    losses.print(output);
    output.line(
        "restored "
            + Units.count(report.blobs(), "blob")
            + ", "
            + Units.bytes(report.bytes())
            + ", "
            + Units.rate(report.bytes(), elapsedNs)
            + "; read "
            + Units.count(report.batchesFetched())
            + (report.batchesFetched() == 1 ? " batch" : " batches")
            + (report.keptBlobs() == 0
                ? ""
                : "; kept " + Units.count(report.keptBlobs(), "blob") + " that were there")
            + (report.deletedBlobs() == 0
                ? ""
                : "; deleted " + Units.count(report.deletedBlobs(), "blob")));
    if (!report.losses().nothing()) {
      output.line(lost(report.losses()));
    }
  }

  private static String lost(RestoreReport.Losses losses) {
    return "lost: "
        + Units.count(losses.manifests(), "manifest")
        + ", "
        + Units.count(losses.batches())
        + (losses.batches() == 1 ? " batch, " : " batches, ")
        + Units.count(losses.blobs(), "blob")
        + " that are known, "
        + Units.count(losses.entriesUnknown())
        + " puts and deletes of unknown blobs; uncertain: "
        + Units.count(losses.uncertain(), "blob")
        + (losses.uncertain() == 0
            ? ""
            : losses.uncertainRestored() > 0
                ? ", restored as they were"
                : ", left out; to restore them as they were, add --uncertain");
  }

  private void checkFolder(Path folder, Path unfinished) throws IOException {
    if (!Files.isDirectory(folder)) {
      if (delta) {
        throw new IOException("no such store: store=" + folder + "; leave out --delta");
      }
      return;
    }
    try (Stream<Path> children = Files.list(folder)) {
      boolean foreign =
          children.anyMatch(child ->
              !child.equals(unfinished) && !(delta && child.endsWith(StoreOptions.DATA_FILE)));
      if (foreign) {
        throw new IOException(
            "folder is not empty: store="
                + folder
                + "; restore to a new folder, remove it, or turn the store there into the"
                + " checkpoint with --delta");
      }
    }
  }
}
