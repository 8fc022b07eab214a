package io.ashlar.tier.cli;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStores;
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
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar restore}: a store made anew from its tier. */
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Make a new store from a checkpoint of a tier.",
      "A restore that was cut short goes on from where it was when the same command is given again."
    })
final class RestoreCommand implements Callable<Integer> {
  @ParentCommand private @Nullable AshlarCommand root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

  @Option(
      names = "--checkpoint",
      paramLabel = "ID",
      description = "The checkpoint, as \"ashlar checkpoints\" lists them. Default: the newest.")
  private long checkpoint;

  @Option(
      names = "--delta",
      description = {
        "Turn the store that is there into that checkpoint: fetch what differs, delete what the",
        "checkpoint does not have. Until it is done there is no store, only a restore to go on with."
      })
  private boolean delta;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "URL", description = "The object store.")
  private @Nullable String url;

  @Parameters(
      index = "1",
      paramLabel = "STORE",
      description = "The new store's folder: empty, or not there yet.")
  private @Nullable Path store;

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    Path folder = Objects.requireNonNull(store);
    Path partial = folder.resolve(".restoring");
    checkFolder(folder, partial);
    boolean withdrawn = delta && withdraw(folder, partial);
    boolean resumed = Files.exists(partial.resolve(StoreOptions.DATA_FILE), NOFOLLOW_LINKS);
    boolean existed = Files.exists(folder);
    long startNs = System.nanoTime();
    boolean done = false;
    AtomicBoolean begun = new AtomicBoolean();
    try {
      RestoreReport report = restore(partial, resumed, output, begun);
      done = true;
      publish(partial, folder);
      FolderRemoval.remove(partial);
      report(output, report, System.nanoTime() - startNs);
    } catch (StoreOpenException | CheckpointDroppedException e) {
      if (begun.get()) {
        throw e;
      }
      // Nothing was changed yet.
      if (withdrawn) {
        moveData(partial, folder);
      }
      if (withdrawn || !resumed) {
        FolderRemoval.remove(partial);
      }
      if (!existed) {
        Files.deleteIfExists(folder);
      }
      throw e;
    } finally {
      if (!done && Files.exists(partial)) {
        output.note(
            "what was restored so far is kept; give the same command again, or another checkpoint,"
                + " to go on");
      }
    }
    return AshlarCommand.OK;
  }

  private RestoreReport restore(Path partial, boolean onto, Output output, AtomicBoolean begun)
      throws IOException {
    if (Files.isSymbolicLink(partial)) {
      throw new IOException("refused to restore through a symbolic link: path=" + partial);
    }
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url));
        LocalBlobStore opened = options.openOrCreate(partial);
        Progress progress = output.progress("restore", 0)) {
      return Restore.restore(
          objects,
          opened,
          RestoreOptions.DEFAULTS.withCheckpoint(checkpoint).withOnto(onto),
          noting(begun, TierCommand.progressOf(progress)));
    }
  }

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

  /** Until all of it is there, a folder is no store: a restore that was cut short is none. */
  private static void publish(Path partial, Path folder) throws IOException {
    moveData(partial, folder);
  }

  /** The store that is there becomes a restore to go on with, if it is not one already. */
  private static boolean withdraw(Path folder, Path partial) throws IOException {
    if (!Files.exists(folder.resolve(StoreOptions.DATA_FILE), NOFOLLOW_LINKS)) {
      return false;
    }
    if (!Files.isDirectory(partial, NOFOLLOW_LINKS)) {
      Files.createDirectory(
          partial,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    moveData(folder, partial);
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

  private void report(Output output, RestoreReport report, long elapsedNs) {
    if (json) {
      output.json(report);
      return;
    }
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
  }

  private void checkFolder(Path folder, Path partial) throws IOException {
    if (!Files.isDirectory(folder)) {
      if (delta) {
        throw new IOException("no such store: store=" + folder + "; leave out --delta");
      }
      return;
    }
    try (Stream<Path> children = Files.list(folder)) {
      boolean foreign =
          children.anyMatch(child ->
              !child.equals(partial) && !(delta && child.endsWith(StoreOptions.DATA_FILE)));
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
