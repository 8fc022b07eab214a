package io.ashlar.cli.demo;

import io.ashlar.cli.command.KeyOptions;
import io.ashlar.cli.command.OutputOptions;
import io.ashlar.cli.command.StoreOptions;
import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.file.FileTree;
import io.ashlar.cli.file.FolderRemoval;
import io.ashlar.cli.file.TreeCount;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ashlar demo}: a folder through everything that the store does, a SIGKILL included. */
@Command(
    name = "demo",
    description = {
      "Show everything that a store does, with the files of a folder.",
      "Puts every file of DIR into a new store, kills the writing process with SIGKILL"
          + " half-way, and reopens the store. Then tiers it to object storage, evicts half of"
          + " it and reads that back. Finally deletes the store, restores it and compares the"
          + " SHA-256 of every file.",
      "DIR is only read."
    },
    exitCodeList = "1:a file did not match",
    footer = "  ashlar demo ~/Pictures")
public final class DemoCommand implements Callable<Integer> {

  private static final String FILE = "file:";

  /** The store before and after, and the tier. */
  private static final int COPIES = 3;

  /** The same where the tier is elsewhere. */
  private static final int COPIES_REMOTE = 2;

  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreOptions options = new StoreOptions();
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Option(
      names = "--tier",
      paramLabel = "URL",
      description =
          "Tier to a new prefix below URL, and remove it at the end. URL is file:FOLDER or"
              + " s3://BUCKET/PREFIX[?endpoint=URL&region=NAME]. Default: a folder below --work.")
  private @Nullable String url;

  @Option(
      names = "--work",
      paramLabel = "FOLDER",
      description = "Create the stores in a new folder below FOLDER. Default: target/demo.")
  private @Nullable Path work;

  @Option(names = "--keep", description = "Keep the work folder and the objects of the tier.")
  private boolean keep;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "DIR",
      description = "Folder to store. Default: the home of the running Java.")
  private @Nullable Path directory;

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    Path source = directory == null ? Path.of(System.getProperty("java.home")) : directory;
    if (!Files.isDirectory(source)) {
      throw new IOException(
          (Files.exists(source) ? "not a folder: path=" : "no such folder: path=")
              + source
              + "; give an existing folder");
    }
    Path place =
        work == null ? Path.of(System.getProperty("ashlar.demo.work", "target/demo")) : work;
    DemoFolder folder = DemoFolder.create(place);
    Thread cleaner = new Thread(() -> removeQuietly(folder.path()), "ashlar-demo-cleaner");
    if (!keep) {
      Runtime.getRuntime().addShutdownHook(cleaner);
    }
    boolean failed = false;
    try {
      DemoReport report = run(source, folder, output);
      if (outputOptions.json()) {
        output.json(report);
      } else {
        report.print(output);
      }
      failed = !report.checks().matched();
      return failed ? ExitCode.DIFFERENT : ExitCode.OK;
    } finally {
      finish(folder, cleaner, failed, output);
    }
  }

  private DemoReport run(Path source, DemoFolder folder, Output output) throws IOException {
    String base = url == null ? FILE + folder.path().resolve("tier") : url;
    boolean remote = !base.startsWith(FILE);
    if (remote || base.equals(FILE)) {
      ObjectStores.open(base).close(); // says what is wrong with the URL as it was given
    }
    String prefix = below(base, Objects.requireNonNull(folder.path().getFileName()));
    try (ObjectStore objects = ObjectStores.open(prefix)) {
      objects.list("", null);
    }
    FileTree tree = new FileTree(source).excluding(folder.path());
    TreeCount count = new TreeCount();
    tree.walk(count);
    if (count.files == 0) {
      throw new IOException("no files to store: path=" + source + "; give a folder with files");
    }
    folder.checkSpace(count.bytes, remote ? COPIES_REMOTE : COPIES);
    try {
      Demo.Target target = new Demo.Target(prefix, keyOptions.keys());
      return new Demo(tree, count.bytes, folder.path(), target, options, output).run();
    } finally {
      if (url != null && !keep) {
        removeAll(prefix, output);
      }
    }
  }

  /** Returns the URL of a prefix of its own, since a prefix belongs to one store for good. */
  static String below(String url, Path run) {
    int query = url.indexOf('?');
    String path = query < 0 ? url : url.substring(0, query);
    String rest = query < 0 ? "" : url.substring(query);
    return path + (path.endsWith("/") || path.endsWith(":") ? "" : "/") + "ashlar-" + run + rest;
  }

  private static void removeAll(String prefix, Output output) throws IOException {
    if (prefix.startsWith(FILE)) {
      FolderRemoval.remove(Path.of(prefix.substring(FILE.length()).replaceFirst("^//+", "/")));
      return;
    }
    try (ObjectStore objects = ObjectStores.open(prefix)) {
      removeAll(objects, output);
    } catch (ObjectStoreException e) {
      output.note("note: the tier's objects were not removed: " + ErrorText.of(e));
    }
  }

  /** Removes every object; says so and ends at the first page of which some cannot be removed. */
  static void removeAll(ObjectStore objects, Output output) {
    ObjectPage page;
    Map<String, String> failed;
    do {
      page = objects.list("", null);
      failed = objects.deleteAll(page.objects().stream().map(ObjectInfo::key).toList()).failed();
    } while (page.more() && failed.isEmpty());
    if (!failed.isEmpty()) {
      output.note(
          "note: objects of the tier were not removed: count="
              + failed.size()
              + ", first="
              + failed.entrySet().iterator().next());
    }
  }

  private void finish(DemoFolder folder, Thread cleaner, boolean failed, Output output)
      throws IOException {
    if (keep) {
      output.note("kept: " + folder.path());
      return;
    }
    Runtime.getRuntime().removeShutdownHook(cleaner);
    if (failed) {
      output.note("kept for a look: " + folder.path() + "; remove it when done");
    } else {
      FolderRemoval.remove(folder.path());
    }
  }

  private static void removeQuietly(Path folder) {
    try {
      FolderRemoval.remove(folder);
    } catch (IOException e) {
      // The process is ending; what is left is named by its folder.
    }
  }
}
