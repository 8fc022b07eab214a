package io.ashlar.cli.command;

import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.local.ReadOnlyStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ashlar verify}: every byte is read again. */
@Command(
    name = "verify",
    description = {
      "Read everything in a store and verify it.",
      "Checks every local blob against its checksum, and accounts for every block of the data"
          + " file. Lists each damaged blob with its id and name.",
      "The store is only read. Other processes may read it at the same time, but none may"
          + " have it open for writing."
    },
    exitCodeList = "1:something is damaged",
    footer = "  ashlar verify --rate=200 /var/lib/photos")
public final class VerifyCommand implements Callable<Integer> {
  @Mixin private OutputOptions outputOptions = new OutputOptions();
  @Mixin private StoreArgument store = new StoreArgument();

  @Mixin private RateOption rate = new RateOption();

  @Option(
      names = "--limit",
      paramLabel = "MB",
      converter = Megabytes.class,
      description =
          "Stop after about MB megabytes and print where to continue. Default: read"
              + " everything.")
  private long bytesMax;

  @Option(
      names = "--from",
      paramLabel = "CURSOR",
      description = "Continue where an earlier run stopped. Default: 0, the beginning.")
  private long cursor;

  /** A damaged blob, as JSON. */
  record Damage(@Nullable String id, @Nullable String name, String message) {}

  /** What a verification found, as JSON. */
  record Outcome(
      boolean clean,
      long blobs,
      long bytes,
      long inTierOnly,
      long unaccountedBlocks,
      long nextCursor,
      List<Damage> damaged) {}

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    VerifyOptions how = how();
    try (ReadOnlyStore opened = store.openReadOnly()) {
      long startNs = System.nanoTime();
      List<CorruptionException> found = new ArrayList<>();
      VerifyReport report = verify(opened, how, output, found);
      List<Damage> damaged = named(found, names(opened, output));
      boolean clean = report.clean() && damaged.isEmpty();
      if (outputOptions.json()) {
        output.json(
            new Outcome(
                clean,
                report.blobs(),
                report.bytes(),
                report.remote(),
                report.unaccountedBlocks(),
                report.nextCursor(),
                damaged));
      } else {
        print(output, report, damaged, System.nanoTime() - startNs);
      }
      return clean ? ExitCode.OK : ExitCode.DIFFERENT;
    }
  }

  private VerifyOptions how() {
    if (cursor < 0 || cursor >= 1L << Integer.SIZE) {
      throw outputOptions.wrongUse(
          "not a cursor: --from=" + cursor + "; give the one that an earlier run printed");
    }
    VerifyOptions how =
        VerifyOptions.DEFAULTS.withCursor(cursor).withBytesPerSecondMax(rate.bytesPerSecondMax());
    return bytesMax == 0 ? how : how.withBytesMax(bytesMax);
  }

  private static VerifyReport verify(
      ReadOnlyStore opened, VerifyOptions how, Output output, List<CorruptionException> found) {
    try (Progress progress = output.progress("verify", opened.stats().blobBytes())) {
      return opened.verify(
          how,
          new VerifyListener() {
            @Override
            public void onDamaged(CorruptionException damage) {
              found.add(damage);
            }

            @Override
            public void onProgress(long blobs, long bytes) {
              progress.at(blobs, bytes);
            }
          });
    }
  }

  /** A damaged catalogue leaves the damaged blobs without names, and is itself among them. */
  private static Map<BlobId, BlobName> names(ReadOnlyStore opened, Output output) {
    Map<BlobId, BlobName> names = new HashMap<>();
    try {
      Catalogue.load(opened).entries().forEach((name, blob) -> names.put(blob.id(), name));
    } catch (CorruptionException
        | FormatVersionException
        | TierUnavailableException
        | IllegalArgumentException e) {
      output.note("note: names are not known: " + ErrorText.of(e));
    }
    return names;
  }

  private static List<Damage> named(List<CorruptionException> found, Map<BlobId, BlobName> names) {
    return found.stream()
        .map(damage -> {
          BlobId id = damage.id();
          BlobName name = id == null ? null : names.get(id);
          return new Damage(
              id == null ? null : id.toString(),
              name == null ? null : name.text(),
              String.valueOf(damage.getMessage()));
        })
        .toList();
  }

  private static void print(
      Output output, VerifyReport report, List<Damage> damaged, long elapsedNs) {
    for (Damage damage : damaged) {
      String name = damage.name();
      output.line(
          "damaged: id="
              + damage.id()
              + ", name="
              + (name == null ? "-" : BlobName.printable(name))
              + ": "
              + damage.message());
    }
    if (report.unaccountedBlocks() != 0) {
      output.line("damaged: blocks accounted for wrongly: " + report.unaccountedBlocks());
    }
    output.line(
        "verified "
            + Units.count(report.blobs(), "blob")
            + ", "
            + Units.bytes(report.bytes())
            + ", "
            + Units.rate(report.bytes(), elapsedNs)
            + "; "
            + Units.count(report.damaged())
            + " damaged"
            + (report.remote() == 0
                ? ""
                : "; " + Units.count(report.remote()) + " in the tier only, not read"));
    if (report.nextCursor() >= 0) {
      output.line("stopped before the end; continue with: --from=" + report.nextCursor());
    }
  }
}
