package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.Output;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a command prints its outcome: as text for people, or as JSON. */
public final class OutputOptions {
  /** Shared options come after a command's own in its help, in the order of these numbers. */
  static final int ORDER_TIER = 100;

  static final int ORDER_STORE = 200;
  static final int ORDER_OUTPUT = 300;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  @Option(
      names = "--json",
      order = ORDER_OUTPUT,
      description = "Print JSON, one object a line, instead of text. Lengths are in bytes.")
  private boolean json;

  /** Returns where the command prints. */
  public Output output() {
    return Console.outputOf(Objects.requireNonNull(command));
  }

  /** Returns whether the outcome is printed as JSON. */
  public boolean json() {
    return json;
  }

  /** Returns the error of options or arguments that do not go together. */
  ParameterException wrongUse(String message) {
    return new ParameterException(Objects.requireNonNull(command).commandLine(), message);
  }
}
