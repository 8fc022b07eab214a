package io.ashlar.cli.command;

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
import picocli.CommandLine.Parameters;

/** {@code ashlar backup}: copies a store, which must not be open for writing, into one file. */
@Command(
    name = "backup",
    description = {
      "Copy what a store holds into one new file, compact and verified.",
      "The file is the data file of a store. To use it, name it ashlar.data in a folder of"
          + " its own. The store is only read and may be on read-only media. Blobs that are only in"
          + " the tier are left out."
    },
    exitCodeList = "1:blobs that are only in the tier were left out, or a blob is damaged",
    footer = "  ashlar backup /var/lib/photos /mnt/usb/photos.ashlar")
public final class BackupCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreArgument store = new StoreArgument();

  @Parameters(index = "1", paramLabel = "FILE", description = "File to create; must not exist.")
  private @Nullable Path file;

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    Path target = Objects.requireNonNull(file);
    try (ReadOnlyStore opened = store.openReadOnly()) {
      StoreBackup.Report report = StoreBackup.write(opened, target);
      if (outputOptions.json()) {
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
                    : "; left out " + Units.count(report.remote()) + " that are only in the tier"));
      }
      return report.remote() == 0 ? ExitCode.OK : ExitCode.DIFFERENT;
    }
  }
}
