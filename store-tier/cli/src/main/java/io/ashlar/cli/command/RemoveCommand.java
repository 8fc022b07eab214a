package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.Epoch;
import io.ashlar.store.local.LocalBlobStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ashlar rm}: names and their blobs go. */
@Command(
    name = "rm",
    description = {
      "Remove files from a store.",
      "If a NAME is not in the store, nothing is removed. Up to 10,000 files are removed in"
          + " one atomic step; more take several steps."
    },
    exitCodeList = "1:the list of names is damaged",
    footer = "  ashlar rm -r /var/lib/photos Pictures/2019")
public final class RemoveCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();

  /** Well below an epoch's operations, since the catalogue adds some. */
  private static final int EPOCH_NAMES_MAX = 10_000;

  @Mixin private StoreArgument store = new StoreArgument();

  @Option(
      names = {"-r", "--recursive"},
      description = "Also remove what lies below the names.")
  private boolean recursive;

  @Option(
      names = {"-f", "--force"},
      description = "Ignore names that are not in the store.")
  private boolean force;

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "NAME", description = "Names to remove.")
  private List<String> names = new ArrayList<>();

  /** What a removal did; also its JSON. */
  record Outcome(long removed, long bytes) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    List<BlobName> wanted = names.stream().map(BlobName::new).toList();
    try (LocalBlobStore opened = store.openExisting()) {
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
      if (outputOptions.json()) {
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
