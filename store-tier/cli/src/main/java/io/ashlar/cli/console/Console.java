package io.ashlar.cli.console;

import picocli.CommandLine.Model.CommandSpec;

/** Where commands print: the root command, which has the options that apply to all. */
public interface Console {
  /** Returns how {@code command}, which is being run, prints. */
  Output output(CommandSpec command);

  /** Returns how {@code command} prints, as the root of its command line says. */
  static Output outputOf(CommandSpec command) {
    return ((Console) command.root().userObject()).output(command);
  }
}
