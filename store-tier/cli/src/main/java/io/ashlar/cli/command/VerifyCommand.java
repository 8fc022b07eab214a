package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

/** {@code ashlar verify}: every byte is read again. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Read everything in a store again.",
      "Checks every local blob against its checksum, and accounts for every block of the data"
          + " file.",
      "Each damaged blob is listed with its id and its name; then the exit code is 1. The store is"
          + " only read; others may look at it meanwhile, but nobody may have it open to write."
    })
public final class VerifyCommand implements Callable<Integer> {
  private static final long MEGABYTE = 1_000_000;
  private static final long MEGABYTES_MAX = 1_000_000_000;

  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreOptions options = new StoreOptions();

  @Option(
      names = "--rate",
      paramLabel = "MB",
      description = "Read at most so many megabytes a second. Default: as fast as it goes.")
  private long megabytesPerSecond;

  @Option(
      names = "--limit",
      paramLabel = "MB",
      description = {
        "Stop after about so many megabytes, and say where to go on. Default: read everything."
      })
  private long megabytesMax;

  @Option(
      names = "--from",
      paramLabel = "CURSOR",
      description = "Go on where an earlier one stopped. Default: at the beginning.")
  private long cursor;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "STORE", description = "The store's folder.")
  private @Nullable Path store;

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
    CommandSpec command = Objects.requireNonNull(spec);
    Output output = Objects.requireNonNull(root).output(command);
    VerifyOptions how = how(command);
    try (ReadOnlyStore opened = options.openReadOnly(Objects.requireNonNull(store))) {
      long startNs = System.nanoTime();
      List<CorruptionException> found = new ArrayList<>();
      VerifyReport report = verify(opened, how, output, found);
      List<Damage> damaged = named(found, names(opened, output));
      boolean clean = report.clean() && damaged.isEmpty();
      if (json) {
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

  private VerifyOptions how(CommandSpec command) {
    if (cursor < 0 || cursor >= 1L << Integer.SIZE) {
      throw new ParameterException(
          command.commandLine(),
          "not a cursor: --from=" + cursor + "; give the one at which an earlier verify stopped");
    }
    long limit = bytes(command, "--limit", megabytesMax);
    VerifyOptions how =
        VerifyOptions.DEFAULTS
            .withCursor(cursor)
            .withBytesPerSecondMax(bytes(command, "--rate", megabytesPerSecond));
    return limit == 0 ? how : how.withBytesMax(limit);
  }

  private static long bytes(CommandSpec command, String option, long megabytes) {
    if (megabytes < 0 || megabytes > MEGABYTES_MAX) {
      throw new ParameterException(
          command.commandLine(),
          option + " must be 0 to " + MEGABYTES_MAX + " megabytes: " + megabytes);
    }
    return megabytes * MEGABYTE;
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
      output.line("stopped before the end; go on with: --from=" + report.nextCursor());
    }
  }
}
