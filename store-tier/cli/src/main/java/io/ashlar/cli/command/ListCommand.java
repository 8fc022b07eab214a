package io.ashlar.cli.command;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.local.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

/** {@code ashlar ls}: the names of a store. */
@Command(
    name = "ls",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "List the names in a store, in order.",
      "With NAMEs only those, and what lies below them. Control characters and backslashes are",
      "shown escaped; --json gives names exactly."
    })
public final class ListCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

  @Option(
      names = {"-l", "--long"},
      description = "Show length, place (local or tier) and id too.")
  private boolean detailed;

  @Option(
      names = {"-a", "--all"},
      description = "List blobs without a name too, other programs' say.")
  private boolean all;

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(index = "1..*", paramLabel = "NAME", description = "Only these and what is below.")
  private List<String> names = new ArrayList<>();

  /** A blob, as JSON. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Line(@Nullable String name, long length, boolean local, String id) {}

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    List<BlobName> wanted = names.stream().map(BlobName::new).toList();
    try (ReadOnlyStore opened = options.openReadOnly(Objects.requireNonNull(store))) {
      Catalogue catalogue = Catalogue.load(opened);
      int missing = 0;
      for (BlobName name : wanted) {
        if (catalogue.below(name).isEmpty()) {
          output.error("no such name in the store: name=" + name);
          missing++;
        }
      }
      catalogue
          .entries()
          .forEach((name, blob) -> {
            if (wanted.isEmpty() || wanted.stream().anyMatch(name::isBelow)) {
              print(output, name, blob);
            }
          });
      if (all && wanted.isEmpty()) {
        catalogue.unnamed().forEach(blob -> print(output, null, blob));
      }
      return missing == 0 ? ExitCode.OK : ExitCode.ERROR;
    }
  }

  private void print(Output output, @Nullable BlobName name, Catalogue.BlobEntry blob) {
    String id = blob.id().toString();
    if (json) {
      output.json(new Line(name == null ? null : name.text(), blob.length(), blob.local(), id));
    } else if (detailed) {
      output.line(
          String.format(
              Locale.ROOT,
              "%12d  %-5s  %s  %s",
              blob.length(),
              blob.local() ? "local" : "tier",
              id,
              name == null ? "-" : name));
    } else {
      output.line(name == null ? "- " + id : name.toString());
    }
  }
}
