package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.collect.Checkpoints;
import io.ashlar.tier.collect.Checkpoints.Checkpoint;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ashlar checkpoints}: the points in time that a tier keeps. */
@Command(
    name = "checkpoints",
    description = {
      "List the checkpoints of a tier, oldest first.",
      "Each checkpoint is a point in time that can be restored. Entries and bytes are what it"
          + " added. Claims and collections repeat the state before them."
    },
    exitCodeList = "1:the tier is damaged",
    footer = "  ashlar checkpoints s3://bucket/photos")
public final class CheckpointsCommand implements Callable<Integer> {
  @Mixin private TierArgument tier = new TierArgument();
  @Mixin private OutputOptions outputOptions = new OutputOptions();

  @Override
  public Integer call() throws IOException {
    Output output = outputOptions.output();
    try (ObjectStore objects = tier.openExisting()) {
      List<Checkpoint> checkpoints = Checkpoints.list(objects);
      if (outputOptions.json()) {
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
