package io.ashlar.cli.console;

import picocli.CommandLine.Model.CommandSpec;

/** Where commands speak to their user: the root command, which has the options of all. */
public interface Console {
  /** Returns how the command being run speaks to its user. */
  Output output(CommandSpec command);
}
