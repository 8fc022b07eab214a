package io.ashlar.cli.command;

import picocli.CommandLine.Option;

/** How fast a command may go that reads or moves much. */
final class RateOption {
  @Option(
      names = "--rate",
      paramLabel = "MB",
      order = OutputOptions.ORDER_TIER - 1,
      converter = Megabytes.class,
      description = "Limit the rate to MB megabytes a second. Default: no limit.")
  private long bytesPerSecondMax;

  /** Returns the most bytes a second; 0 for no limit. */
  long bytesPerSecondMax() {
    return bytesPerSecondMax;
  }
}
