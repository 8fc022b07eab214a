package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.cli.file.TargetFolder;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar get}: blobs become files. */
@Command(
    name = "get",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    customSynopsis = {
      "ashlar get [OPTIONS] STORE NAME [TARGET]",
      "ashlar get [OPTIONS] --all STORE [FOLDER]"
    },
    description = {
      "Write files of a store to the file system.",
      "TARGET is a file or an existing folder, by default the current one; with --all every file",
      "gets its own name below FOLDER. A file takes its name only when all of it was read and",
      "verified. Nothing is written outside of the folder, or through a link."
    })
public final class GetCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(names = "--all", description = "Get every file, or those below the names of --below.")
  private boolean all;

  @Option(
      names = "--below",
      paramLabel = "NAME",
      description = "With --all: only this name and what lies below it; repeatable.")
  private List<String> below = new ArrayList<>();

  @Option(names = "--tier", paramLabel = "URL", description = "Where evicted files are.")
  private @Nullable String url;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(
      index = "1..*",
      arity = "0..2",
      paramLabel = "NAME TARGET",
      description = "What to get, and where to.")
  private List<String> arguments = new ArrayList<>();

  /** What a get did; also its JSON. */
  record Outcome(long files, long bytes, long errors) {}

  @Override
  public Integer call() throws IOException {
    CommandSpec self = Objects.requireNonNull(spec);
    Output output = Objects.requireNonNull(root).output(self);
    if (arguments.size() > (all ? 1 : 2) || (!all && arguments.isEmpty())) {
      throw new ParameterException(
          self.commandLine(),
          all ? "--all takes STORE and FOLDER" : "get takes STORE, NAME and TARGET");
    }
    if (!all && !below.isEmpty()) {
      throw new ParameterException(self.commandLine(), "--below goes with --all");
    }
    Path folder = Objects.requireNonNull(store);
    try (OpenStore opened = OpenStore.open(options, folder, url, keyOptions.keys())) {
      return all ? getAll(opened.local(), output) : getOne(opened.local(), output);
    }
  }

  private int getOne(BlobStore blobs, Output output) throws IOException {
    BlobName name = new BlobName(arguments.getFirst());
    Path target = Path.of(arguments.size() > 1 ? arguments.get(1) : ".");
    Catalogue catalogue = Catalogue.load(blobs);
    Catalogue.BlobEntry blob = catalogue.find(name);
    if (blob == null) {
      throw new IOException(
          "no such name in the store: name="
              + name
              + (catalogue.below(name).isEmpty()
                  ? "; list them with: ashlar ls"
                  : "; it is a folder: get it with --all --below"));
    }
    if (Files.isDirectory(target)) {
      target = target.resolve(name.lastPart());
    }
    TargetFolder.replace(target, channel -> copy(blobs, name, channel));
    if (json) {
      output.json(new Outcome(1, blob.length(), 0));
    }
    return ExitCode.OK;
  }

  private int getAll(BlobStore blobs, Output output) throws IOException {
    List<BlobName> roots = below.stream().map(BlobName::new).toList();
    Catalogue catalogue = Catalogue.load(blobs);
    for (BlobName folder : roots) {
      if (catalogue.below(folder).isEmpty()) {
        throw new IOException(
            "no such name in the store: name=" + folder + "; list them with: ashlar ls");
      }
    }
    TargetFolder target = new TargetFolder(Path.of(arguments.isEmpty() ? "." : arguments.get(0)));
    List<Map.Entry<BlobName, Catalogue.BlobEntry>> wanted =
        catalogue.entries().entrySet().stream()
            .filter(entry -> roots.isEmpty() || roots.stream().anyMatch(entry.getKey()::isBelow))
            .toList();
    long files = 0;
    long bytes = 0;
    long errors = 0;
    long startNs = System.nanoTime();
    long total = wanted.stream().mapToLong(entry -> entry.getValue().length()).sum();
    try (Progress progress = output.progress("get", total)) {
      for (Map.Entry<BlobName, Catalogue.BlobEntry> entry : wanted) {
        try {
          target.write(entry.getKey(), channel -> copy(blobs, entry.getKey(), channel));
          files++;
          bytes += entry.getValue().length();
          progress.at(files, bytes);
        } catch (IOException | CorruptionException | TierUnavailableException e) {
          errors++;
          output.error(e);
        }
      }
    }
    if (json) {
      output.json(new Outcome(files, bytes, errors));
    } else {
      output.line(
          "got "
              + Units.count(files, "file")
              + ", "
              + Units.bytes(bytes)
              + ", "
              + Units.rate(bytes, System.nanoTime() - startNs)
              + (errors == 0 ? "" : "; " + Units.count(errors, "error")));
    }
    return errors == 0 ? ExitCode.OK : ExitCode.DIFFERENT;
  }

  private void copy(BlobStore blobs, BlobName name, WritableByteChannel target) throws IOException {
    try {
      if (blobs.get(name.id(), target) == BlobStore.NOT_FOUND) {
        throw new IOException("no such name in the store: name=" + name);
      }
    } catch (TierUnavailableException e) {
      if (url != null) {
        throw e;
      }
      throw new IOException("file is in the tier only: name=" + name + "; add --tier URL", e);
    }
  }
}
