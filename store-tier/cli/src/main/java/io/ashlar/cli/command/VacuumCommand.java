package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.local.LocalBlobStore;
import java.io.IOException;
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
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar vacuum}: the data file is made as short as what it holds. */
@Command(
    name = "vacuum",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Make a store's data file shorter.",
      "Moves blobs from the end of the file into free space further down, and cuts the file. Each",
      "blob is verified before it is moved; a damaged one is listed and stays where it is, and then",
      "the exit code is 1. It may be interrupted at any time."
    })
public final class VacuumCommand implements Callable<Integer> {
  private static final long MEGABYTE = 1_000_000;
  private static final long MEGABYTES_MAX = 1_000_000;

  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

  @Option(
      names = "--rate",
      paramLabel = "MB",
      description = "Move at most so many megabytes a second. Default: as fast as it goes.")
  private long megabytesPerSecond;

  @Option(
      names = "--holes",
      paramLabel = "MB",
      description = {
        "Give free runs of so many megabytes and more back to the file system as holes, although the",
        "file goes on behind them. Default: none. Writing to a hole later is slower, and fails the",
        "store when the file system is full."
      })
  private long holeMegabytes;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

  /** What a vacuum did, as JSON. */
  record Outcome(
      String end,
      long blobsMoved,
      long bytesMoved,
      long fileBytesBefore,
      long fileBytesAfter,
      long bytesPunched,
      List<String> damaged) {}

  @Override
  public Integer call() throws IOException {
    CommandSpec command = Objects.requireNonNull(spec);
    Output output = Objects.requireNonNull(root).output(command);
    VacuumOptions how =
        VacuumOptions.DEFAULTS
            .withBytesPerSecondMax(bytes(command, "--rate", megabytesPerSecond))
            .withHoleBytesMin(bytes(command, "--holes", holeMegabytes));
    try (LocalBlobStore opened = options.openExisting(Objects.requireNonNull(store))) {
      long startNs = System.nanoTime();
      List<String> damaged = new ArrayList<>();
      VacuumReport report = vacuum(opened, how, output, damaged);
      if (json) {
        output.json(
            new Outcome(
                report.end().name(),
                report.blobsMoved(),
                report.bytesMoved(),
                report.fileBytesBefore(),
                report.fileBytesAfter(),
                report.bytesPunched(),
                damaged));
      } else {
        print(output, report, damaged, System.nanoTime() - startNs);
      }
      if (report.end() == VacuumReport.End.FAILED) {
        return ExitCode.ERROR;
      }
      return damaged.isEmpty() ? ExitCode.OK : ExitCode.DIFFERENT;
    }
  }

  private static long bytes(CommandSpec command, String option, long megabytes) {
    if (megabytes < 0 || megabytes > MEGABYTES_MAX) {
      throw new ParameterException(
          command.commandLine(),
          option + " must be 0 to " + MEGABYTES_MAX + " megabytes: " + megabytes);
    }
    return megabytes * MEGABYTE;
  }

  private static VacuumReport vacuum(
      LocalBlobStore opened, VacuumOptions how, Output output, List<String> damaged) {
    try (Progress progress = output.progress("vacuum", 0)) {
      return opened.vacuum(
          how,
          new VacuumListener() {
            @Override
            public void onDamaged(CorruptionException damage) {
              damaged.add(String.valueOf(damage.getMessage()));
            }

            @Override
            public void onProgress(long blobs, long bytes, long fileBytes) {
              progress.at(blobs, bytes);
            }
          });
    }
  }

  private static void print(
      Output output, VacuumReport report, List<String> damaged, long elapsedNs) {
    damaged.forEach(message -> output.line("damaged: " + message));
    String note =
        switch (report.end()) {
          case DONE -> "";
          case STUCK -> "; what lies at its end could not be moved now";
          case CLOSED -> "; it was closed meanwhile";
          case FAILED -> "; it could not go on: a write failed, see the log";
        };
    output.line(
        "moved "
            + Units.count(report.blobsMoved(), "blob")
            + ", "
            + Units.bytes(report.bytesMoved())
            + ", in "
            + Units.duration(elapsedNs)
            + "; data file "
            + Units.bytes(report.fileBytesBefore())
            + " before, "
            + Units.bytes(report.fileBytesAfter())
            + " now"
            + (report.bytesPunched() == 0
                ? ""
                : ", " + Units.bytes(report.bytesPunched()) + " of it in holes")
            + note);
  }
}
