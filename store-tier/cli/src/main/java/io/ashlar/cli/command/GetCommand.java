package io.ashlar.cli.command;

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
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ashlar get}: blobs become files. */
@Command(
    name = "get",
    customSynopsis = {
      "ashlar get [OPTIONS] STORE NAME [TARGET]",
      "ashlar get [OPTIONS] --all STORE [FOLDER]"
    },
    description = {
      "Write files of a store to the file system.",
      "TARGET is a file or an existing folder. With --all, every file gets its own name below"
          + " FOLDER. The default for both is the current folder.",
      "A file appears under its name only after all of it was read and verified. Nothing is"
          + " written outside the folder or through a symbolic link."
    },
    exitCodeList = "1:a file is damaged; with --all, a file could not be read or written",
    footer = "  ashlar get --all /var/lib/photos /tmp/photos")
public final class GetCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreArgument store = new StoreArgument();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(names = "--all", description = "Get every file.")
  private boolean all;

  @Option(
      names = "--below",
      paramLabel = "NAME",
      description = "With --all: get only NAME and what lies below it. Repeatable.")
  private List<String> below = new ArrayList<>();

  @Option(
      names = "--tier",
      paramLabel = "URL",
      description = "Read evicted files from this tier: " + TierArgument.FORMS + ".")
  private @Nullable String url;

  @Parameters(
      index = "1..*",
      arity = "0..2",
      hideParamSyntax = true,
      paramLabel = "NAME [TARGET]",
      description = "Name of the file to get, and where to write it.")
  private List<String> arguments = new ArrayList<>();

  /** What a get did; also its JSON. */
  record Outcome(long files, long bytes, long errors) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    if (arguments.size() > (all ? 1 : 2) || (!all && arguments.isEmpty())) {
      throw outputOptions.wrongUse(
          all
              ? "wrong arguments: --all takes STORE and at most one FOLDER"
              : "wrong arguments: get takes STORE, NAME and at most one TARGET");
    }
    if (!all && !below.isEmpty()) {
      throw outputOptions.wrongUse("--below needs --all");
    }
    try (OpenStore opened = OpenStore.open(store, url, keyOptions.keys())) {
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
    if (outputOptions.json()) {
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
    if (outputOptions.json()) {
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
