package io.ashlar.cli.command;

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
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code ashlar put}: files become blobs. */
@Command(
    name = "put",
    description = {
      "Store files and folders. The store is created if it does not exist.",
      "Names begin with the last part of their PATH, as with tar: /usr/lib/jvm gives jvm/…. A"
          + " file replaces an earlier one of the same name. Each group of files becomes durable as"
          + " one.",
      "Symbolic links and special files are skipped and counted. Modes, owners and times are"
          + " not stored."
    },
    exitCodeList = "1:a file was left out: it could not be read, or changed meanwhile",
    footer = "  ashlar put /var/lib/photos ~/Pictures")
public final class PutCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreArgument store = new StoreArgument();

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "PATH",
      description = "Files and folders to store.")
  private List<Path> paths = new ArrayList<>();

  /** What a put did; also its JSON. */
  record Outcome(
      long files, long bytes, long epochs, long linksSkipped, long specialSkipped, long errors) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
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
    try (LocalBlobStore opened = store.openOrCreate();
        Progress progress = output.progress("put", total.bytes)) {
      Outcome outcome = put(opened, store.folder(), trees, output, progress);
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
    if (outputOptions.json()) {
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
