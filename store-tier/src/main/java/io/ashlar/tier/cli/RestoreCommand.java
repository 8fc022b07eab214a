package io.ashlar.tier.cli;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStores;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreReport;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.Callable;
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
    description = "Make a new store from the last checkpoint of a tier.")
final class RestoreCommand implements Callable<Integer> {
  @ParentCommand private @Nullable AshlarCommand root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

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
    checkEmpty(folder);
    boolean existed = Files.exists(folder);
    long startNs = System.nanoTime();
    Path partial = folder.resolve(".restoring");
    boolean done = false;
    try {
      RestoreReport report = restore(partial, output);
      publish(partial, folder);
      done = true;
      report(output, report, System.nanoTime() - startNs);
    } finally {
      FolderRemoval.remove(partial);
      if (!done && !existed) {
        Files.deleteIfExists(folder);
      }
    }
    return AshlarCommand.OK;
  }

  private RestoreReport restore(Path partial, Output output) throws IOException {
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url));
        LocalBlobStore opened = options.openOrCreate(partial);
        Progress progress = output.progress("restore", 0)) {
      return Restore.restore(objects, opened, TierCommand.progressOf(progress));
    }
  }

  /** Until all of it is there, a folder is no store: a restore that was cut short is none. */
  private static void publish(Path partial, Path folder) throws IOException {
    Files.move(
        partial.resolve(StoreOptions.DATA_FILE),
        folder.resolve(StoreOptions.DATA_FILE),
        StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
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
            + Units.count(report.batches())
            + (report.batches() == 1 ? " batch" : " batches"));
  }

  private static void checkEmpty(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> children = Files.list(folder)) {
      if (children.findAny().isPresent()) {
        throw new IOException(
            "folder is not empty: store=" + folder + "; restore to a new folder, or remove it");
      }
    }
  }
}
