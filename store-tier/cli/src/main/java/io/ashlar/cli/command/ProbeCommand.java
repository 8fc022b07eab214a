package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.probe.Dialect;
import io.ashlar.tier.object.probe.DialectProbe;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar probe}: what an object store really does with conditional requests. */
@Command(
    name = "probe",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Try conditional and checked requests on an object store, and say whether several writers can",
      "share it. Writes a few small objects below _probe/ and deletes them again. Exit code 1 if",
      "only one writer at a time is safe."
    })
public final class ProbeCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--json", description = "Print the outcome as one JSON object.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "URL", description = "The object store.")
  private @Nullable String url;

  /** What was found; also its JSON. */
  record Outcome(Dialect dialect, boolean fitForSeveralWriters, long requests) {}

  @Override
  public Integer call() {
    Output output = Objects.requireNonNull(root).output(Objects.requireNonNull(spec));
    try (ObjectStore objects = ObjectStores.open(Objects.requireNonNull(url))) {
      RequestCounts before = objects.requestCounts();
      Dialect dialect = DialectProbe.probe(objects);
      long requests = objects.requestCounts().since(before).requests();
      boolean fit = dialect.fitForSeveralWriters();
      if (json) {
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
                        + " add writers=one to the URL if nobody else ever writes there")
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
