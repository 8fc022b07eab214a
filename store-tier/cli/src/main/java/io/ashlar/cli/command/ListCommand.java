package io.ashlar.cli.command;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.local.ReadOnlyStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ashlar ls}: the names of a store. */
@Command(
    name = "ls",
    description = {
      "List the names in a store, in order.",
      "With NAME, list only it and what lies below it. Control characters and backslashes are"
          + " shown escaped; --json shows names exactly."
    },
    exitCodeList = "1:the list of names is damaged",
    footer = "  ashlar ls -l /var/lib/photos Pictures/2026")
public final class ListCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreArgument store = new StoreArgument();

  @Option(
      names = {"-l", "--long"},
      description = "Also show length in bytes, place (local or tier) and id.")
  private boolean detailed;

  @Option(
      names = {"-a", "--all"},
      description = "Also list blobs without a name, such as those of other programs.")
  private boolean all;

  @Parameters(
      index = "1..*",
      paramLabel = "NAME",
      description = "List only these and what lies below them.")
  private List<String> names = new ArrayList<>();

  /** A blob, as JSON. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Line(@Nullable String name, long length, boolean local, String id) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    List<BlobName> wanted = names.stream().map(BlobName::new).toList();
    try (ReadOnlyStore opened = store.openReadOnly()) {
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
    if (outputOptions.json()) {
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
