package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.collect.Checkpoints;
import io.ashlar.tier.collect.Checkpoints.Checkpoint;
import io.ashlar.tier.object.ObjectStore;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar checkpoints}: the points in time that a tier keeps. */
@Command(
    name = "checkpoints",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "List the checkpoints of a tier, the oldest first: each is a point in time to restore.",
      "Entries and bytes are what a checkpoint added; claims and collections repeat the one before."
    })
public final class CheckpointsCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--json", description = "Print one JSON object for each.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "URL", description = "The object store.")
  private @Nullable String url;

  @Override
  public Integer call() {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url))) {
      List<Checkpoint> checkpoints = Checkpoints.list(objects);
      if (json) {
        checkpoints.forEach(checkpoint -> output.json(row(checkpoint)));
      } else {
        print(output, checkpoints);
      }
    }
    return ExitCode.OK;
  }

  private static Map<String, Object> row(Checkpoint checkpoint) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("sequence", checkpoint.sequence());
    row.put("kind", checkpoint.kind());
    row.put("generation", checkpoint.generation());
    row.put("epoch", checkpoint.epoch());
    row.put("createdMs", checkpoint.createdMs());
    row.put("entries", checkpoint.entries());
    row.put("batches", checkpoint.batches());
    row.put("bytes", checkpoint.bytes());
    row.put("parent", checkpoint.parent());
    row.put("pins", checkpoint.pins());
    return row;
  }

  private static void print(Output output, List<Checkpoint> checkpoints) {
    if (!checkpoints.isEmpty()) {
      output.line(
          String.format(
              Locale.ROOT,
              "%10s  %-20s %10s  %-8s %12s %10s  %s",
              "checkpoint",
              "written",
              "epoch",
              "kind",
              "entries",
              "bytes",
              "pins"));
    }
    for (Checkpoint checkpoint : checkpoints) {
      output.line(
          String.format(
              Locale.ROOT,
              "%10d  %-20s %10d  %-8s %12s %10s  %s",
              checkpoint.sequence(),
              Instant.ofEpochMilli(checkpoint.createdMs()).truncatedTo(ChronoUnit.SECONDS),
              checkpoint.epoch(),
              checkpoint.kind().name().toLowerCase(Locale.ROOT),
              Units.count(checkpoint.entries()),
              Units.bytes(checkpoint.bytes()),
              checkpoint.pins() == 0 ? "-" : Units.count(checkpoint.pins())));
    }
    output.note(Units.count(checkpoints.size(), "checkpoint"));
  }
}
