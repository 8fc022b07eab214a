package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.store.local.ReadOnlyStore;
import io.ashlar.store.local.StoreBackup;
import java.io.IOException;
import java.nio.file.Path;
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

/** {@code ashlar backup}: copies a store that nobody writes to into one file. */
@Command(
    name = "backup",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Copy what a store holds into one new file, compact and verified.",
      "The file is the data file of a store: named ashlar.data, in a folder of its own, it opens"
          + " like any other. The store is only read, and may be on read-only media. Blobs that"
          + " are in the tier only are left out; then the exit code is 1."
    })
public final class BackupCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  @Parameters(index = "1", paramLabel = "FILE", description = "The backup; must not exist yet.")
  private @Nullable Path file;

  @Override
  public Integer call() throws IOException {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    Path target = Objects.requireNonNull(file);
    try (ReadOnlyStore opened = options.openReadOnly(Objects.requireNonNull(store))) {
      StoreBackup.Report report = StoreBackup.write(opened, target);
      if (json) {
        output.json(report);
      } else {
        output.line(
            "backed up "
                + Units.count(report.blobs(), "blob")
                + ", "
                + Units.bytes(report.bytes())
                + ", to "
                + target
                + (report.remote() == 0
                    ? ""
                    : "; left out " + Units.count(report.remote()) + " in the tier only"));
      }
      return report.remote() == 0 ? ExitCode.OK : ExitCode.DIFFERENT;
    }
  }
}
