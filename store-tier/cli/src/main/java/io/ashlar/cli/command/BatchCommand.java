package io.ashlar.cli.command;

import io.ashlar.tier.batch.BatchFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ashlar batch}: inspects and converts the objects of a tier. */
@Command(
    name = "batch",
    synopsisSubcommandLabel = "COMMAND",
    description = "Inspect and convert batch files, which are the objects of a tier.",
    footer = "  ashlar batch ls 0192f3a1.lcb",
    subcommands = {BatchListCommand.class, BatchConvertCommand.class})
public final class BatchCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "no command given: use batch ls FILE or batch convert IN OUT --format=v2|v3");
  }

  /**
   * Checks that a path can be a batch file.
   *
   * @throws IOException if it is a folder.
   */
  static void checkFile(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException("not a file: path=" + path + "; give a batch file");
    }
  }

  /** Returns the error of a damaged batch file: what is wrong, its path and the remedy. */
  static IOException damaged(Path path, BatchFormatException e) {
    return new IOException(
        e.getMessage()
            + ": path="
            + path
            + "; download the file again, or convert what is left with: ashlar batch convert --salvage",
        e);
  }
}
