package io.ashlar.cli.command;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.probe.Dialect;
import io.ashlar.tier.object.probe.DialectProbe;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ashlar probe}: what an object store really does with conditional requests. */
@Command(
    name = "probe",
    description = {
      "Test whether several writers can share an object store.",
      "Tries conditional and checked requests. Writes a few small objects below _probe/ and"
          + " deletes them again."
    },
    exitCodeList = "1:only one writer at a time is safe",
    footer = "  ashlar probe 's3://bucket/test?endpoint=http://localhost:9000'")
public final class ProbeCommand implements Callable<Integer> {
  @Mixin private TierArgument tier = new TierArgument();
  @Mixin private OutputOptions outputOptions = new OutputOptions();

  /** What was found; also its JSON. */
  record Outcome(Dialect dialect, boolean fitForSeveralWriters, long requests) {}

  @Override
  public Integer call() {
    Output output = outputOptions.output();
    try (ObjectStore objects = tier.open()) {
      RequestCounts before = objects.requestCounts();
      Dialect dialect = DialectProbe.probe(objects);
      long requests = objects.requestCounts().since(before).requests();
      boolean fit = dialect.fitForSeveralWriters();
      if (outputOptions.json()) {
        output.json(new Outcome(dialect, fit, requests));
      } else {
        output.line("store               " + objects);
        output.line("put if absent       " + text(dialect.putIfAbsent()));
        output.line("put if match        " + text(dialect.putIfMatch()));
        output.line("checksums           " + text(dialect.checksum()));
        output.line(
            "conditional delete  " + text(dialect.conditionalDelete()) + "; never relied on");
        output.line(
            "verdict             "
                + (fit
                    ? "fit for several writers"
                    : "not fit for several writers: use a service with real conditional writes, or"
                        + " add writers=one to the URL if there is never another writer")
                + " ("
                + requests
                + " requests)");
      }
      return fit ? ExitCode.OK : ExitCode.DIFFERENT;
    }
  }

  private static String text(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
