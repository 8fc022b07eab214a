package io.ashlar.cli.command;

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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ashlar vacuum}: the data file is made as short as what it holds. */
@Command(
    name = "vacuum",
    description = {
      "Make the data file of a store shorter.",
      "Moves blobs from the end of the file into free space, then truncates the file."
          + " Verifies each blob before moving it. A damaged blob is listed and stays where it is."
          + " You can interrupt this at any time."
    },
    exitCodeList = "1:a blob is damaged",
    footer = "  ashlar vacuum /var/lib/photos")
public final class VacuumCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreArgument store = new StoreArgument();

  @Mixin private RateOption rate = new RateOption();

  @Option(
      names = "--holes",
      paramLabel = "MB",
      converter = Megabytes.class,
      description =
          "Also return free runs of at least MB megabytes to the file system as holes."
              + " Default: none. Writing to a hole later is slower, and fails the store if the"
              + " file system is full.")
  private long holeBytesMin;

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
    Output output = outputOptions.output();
    VacuumOptions how =
        VacuumOptions.DEFAULTS
            .withBytesPerSecondMax(rate.bytesPerSecondMax())
            .withHoleBytesMin(holeBytesMin);
    try (LocalBlobStore opened = store.openExisting()) {
      long startNs = System.nanoTime();
      List<String> damaged = new ArrayList<>();
      VacuumReport report = vacuum(opened, how, output, damaged);
      if (outputOptions.json()) {
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
          case STUCK -> "; the last blob could not be moved now";
          case CLOSED -> "; the store was closed meanwhile";
          case FAILED -> "; it stopped because a write failed, see the warning";
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
