package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.Epoch;
import io.ashlar.store.local.LocalBlobStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar rm}: names and their blobs go. */
@Command(
    name = "rm",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Remove files from a store.",
      "When one of the names is not there, nothing is removed. Up to 10,000 files go as one; more",
      "go in several such steps."
    })
public final class RemoveCommand implements Callable<Integer> {

  /** Well below an epoch's operations, since the catalogue adds some. */
  private static final int EPOCH_NAMES_MAX = 10_000;

  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

  @Option(
      names = {"-r", "--recursive"},
      description = "Remove what lies below the names too.")
  private boolean recursive;

  @Option(
      names = {"-f", "--force"},
      description = "Ignore names that are not there.")
  private boolean force;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "NAME", description = "What to remove.")
  private List<String> names = new ArrayList<>();

  /** What a removal did; also its JSON. */
  record Outcome(long removed, long bytes) {}

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    List<BlobName> wanted = names.stream().map(BlobName::new).toList();
    try (LocalBlobStore opened = options.openExisting(Objects.requireNonNull(store))) {
      Catalogue catalogue = Catalogue.load(opened);
      List<BlobName> gone = List.copyOf(select(catalogue, wanted));
      long bytes =
          gone.stream()
              .map(catalogue::find)
              .filter(Objects::nonNull)
              .mapToLong(Catalogue.BlobEntry::length)
              .sum();
      for (int from = 0; from < gone.size(); from += EPOCH_NAMES_MAX) {
        try (Epoch epoch = opened.beginEpoch()) {
          catalogue.removeFrom(
              epoch, gone.subList(from, Math.min(gone.size(), from + EPOCH_NAMES_MAX)));
          epoch.commit();
        }
      }
      if (json) {
        output.json(new Outcome(gone.size(), bytes));
      } else {
        output.line("removed " + Units.count(gone.size(), "file") + ", " + Units.bytes(bytes));
      }
      return ExitCode.OK;
    }
  }

  private Set<BlobName> select(Catalogue catalogue, List<BlobName> wanted) throws IOException {
    Set<BlobName> selected = new TreeSet<>();
    for (BlobName name : wanted) {
      List<BlobName> found = recursive ? catalogue.below(name) : List.of();
      if (catalogue.find(name) != null) {
        selected.add(name);
      } else if (found.isEmpty() && !force) {
        throw new IOException(
            "no such name in the store: name="
                + name
                + (catalogue.below(name).isEmpty()
                    ? "; nothing was removed; list the names with: ashlar ls"
                    : "; nothing was removed; it is a folder: remove it with -r"));
      }
      selected.addAll(found);
    }
    return selected;
  }
}
