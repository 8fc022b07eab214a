package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.Output;
import io.ashlar.tier.batch.BatchFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar batch}: looks into the objects of a tier. */
@Command(
    name = "batch",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Look into batch files, and convert them.",
    subcommands = {BatchListCommand.class, BatchConvertCommand.class})
public final class BatchCommand implements Runnable {
  @ParentCommand private @Nullable Console root;
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "no command given: batch ls FILE, or batch convert IN OUT --format v2|v3");
  }

  /** How a command below this one speaks. */
  Output output(CommandSpec command) {
    return Objects.requireNonNull(root).output(command);
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

  /** What is wrong with a batch file, by its path and with the way out. */
  static IOException damaged(Path path, BatchFormatException e) {
    return new IOException(
        e.getMessage() + ": path=" + path + "; fetch or restore the file again", e);
  }
}
