package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.cli.file.FilePacker;
import io.ashlar.cli.file.FileTree;
import io.ashlar.cli.file.TreeCount;
import io.ashlar.store.local.LocalBlobStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** {@code ashlar put}: files become blobs. */
@Command(
    name = "put",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Put files and folders into a store, which is made unless it exists.",
      "A name begins with the last part of its PATH, as tar's do: /usr/lib/jvm gives jvm/….",
      "A file that is there already is replaced. Each group of files becomes durable as one.",
      "Symbolic links and special files are skipped and counted; modes, owners and times are not",
      "kept. A file that cannot be read, or changes meanwhile, is reported and left out: exit 1."
    })
public final class PutCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "PATH", description = "What to put.")
  private List<Path> paths = new ArrayList<>();

  /** What a put did; also its JSON. */
  record Outcome(
      long files, long bytes, long epochs, long linksSkipped, long specialSkipped, long errors) {}

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    Path folder = Objects.requireNonNull(store);
    List<FileTree> trees = new ArrayList<>();
    for (Path path : paths) {
      if (!Files.exists(path)) {
        throw new IOException("no such file or folder: path=" + path + "; check the spelling");
      }
      trees.add(new FileTree(path));
    }
    TreeCount total = new TreeCount();
    for (FileTree tree : trees) {
      tree.walk(total);
    }
    long startNs = System.nanoTime();
    try (LocalBlobStore opened = options.openOrCreate(folder);
        Progress progress = output.progress("put", total.bytes)) {
      Outcome outcome = put(opened, folder, trees, output, progress);
      report(output, outcome, System.nanoTime() - startNs);
      return outcome.errors() == 0 ? ExitCode.OK : ExitCode.DIFFERENT;
    }
  }

  private static Outcome put(
      LocalBlobStore opened, Path folder, List<FileTree> trees, Output output, Progress progress)
      throws IOException {
    TreeCount durable = new TreeCount();
    long[] epochs = new long[1];
    try (FilePacker writer =
        new FilePacker(
            opened,
            Catalogue.load(opened),
            FilePacker.Limits.DEFAULTS,
            acknowledged -> {
              epochs[0]++;
              durable.files += acknowledged.names().size();
              durable.bytes += acknowledged.bytes();
              progress.at(durable.files, durable.bytes);
            })) {
      PuttingVisitor visitor = new PuttingVisitor(writer, output);
      for (FileTree tree : trees) {
        tree.excluding(folder).walk(visitor);
      }
      writer.finish();
      return new Outcome(
          durable.files, durable.bytes, epochs[0], visitor.links, visitor.special, visitor.errors);
    }
  }

  private void report(Output output, Outcome outcome, long elapsedNs) {
    if (json) {
      output.json(outcome);
      return;
    }
    output.line(
        "put "
            + Units.count(outcome.files(), "file")
            + ", "
            + Units.bytes(outcome.bytes())
            + " in "
            + Units.count(outcome.epochs(), "epoch")
            + ", "
            + Units.rate(outcome.bytes(), elapsedNs)
            + "; skipped "
            + Units.count(outcome.linksSkipped(), "symbolic link")
            + " and "
            + Units.count(outcome.specialSkipped(), "special file")
            + (outcome.errors() == 0 ? "" : "; left out " + Units.count(outcome.errors(), "path")));
  }

  /** Puts each file, and reports what is left out. */
  private static final class PuttingVisitor implements FileTree.Visitor {
    private final FilePacker writer;
    private final Output output;
    private long links;
    private long special;
    private long errors;

    PuttingVisitor(FilePacker writer, Output output) {
      this.writer = writer;
      this.output = output;
    }

    @Override
    public void onFile(Path file, BlobName name, long length) {
      try {
        writer.put(name, file);
      } catch (IOException e) {
        onError(file, e);
      }
    }

    @Override
    public void onLink(Path link) {
      links++;
    }

    @Override
    public void onSpecial(Path path) {
      special++;
    }

    @Override
    public void onError(Path path, Exception error) {
      errors++;
      output.error(error);
    }
  }
}
