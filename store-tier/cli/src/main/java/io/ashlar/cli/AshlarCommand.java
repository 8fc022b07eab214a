package io.ashlar.cli;

import io.ashlar.cli.command.BackupCommand;
import io.ashlar.cli.command.BatchCommand;
import io.ashlar.cli.command.CheckpointsCommand;
import io.ashlar.cli.command.CollectCommand;
import io.ashlar.cli.command.EvictCommand;
import io.ashlar.cli.command.GetCommand;
import io.ashlar.cli.command.ListCommand;
import io.ashlar.cli.command.ProbeCommand;
import io.ashlar.cli.command.PutCommand;
import io.ashlar.cli.command.RemoveCommand;
import io.ashlar.cli.command.RepairCommand;
import io.ashlar.cli.command.RestoreCommand;
import io.ashlar.cli.command.ScrubCommand;
import io.ashlar.cli.command.StatCommand;
import io.ashlar.cli.command.TierCommand;
import io.ashlar.cli.command.VacuumCommand;
import io.ashlar.cli.command.VerifyCommand;
import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Warnings;
import io.ashlar.cli.demo.DemoCommand;
import io.ashlar.cli.demo.DemoWriterCommand;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierDamagedException;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The root of the command line.
 *
 * <p>Exit codes: {@value #OK} done; {@value #DIFFERENT} something was damaged, did not match or had
 * to be left out; {@value #ERROR} it could not be done at all, or was asked for wrongly. An error
 * is one line on standard error, {@code error: what: value; remedy}.
 */
@Command(
    name = "ashlar",
    mixinStandardHelpOptions = true,
    version = "ashlar 0.1.0-SNAPSHOT",
    sortOptions = false,
    description = "Keeps files as blobs in a local store with a tier on object storage.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Exit codes: 0 done; 1 something was damaged, did not match or was left out; 2 error.",
      "Symbolic links and special files are skipped and counted; file modes, owners and times",
      "are not kept in this version."
    },
    subcommands = {
      PutCommand.class,
      GetCommand.class,
      ListCommand.class,
      RemoveCommand.class,
      StatCommand.class,
      VerifyCommand.class,
      VacuumCommand.class,
      BackupCommand.class,
      TierCommand.class,
      EvictCommand.class,
      RestoreCommand.class,
      RepairCommand.class,
      CheckpointsCommand.class,
      CollectCommand.class,
      ScrubCommand.class,
      ProbeCommand.class,
      BatchCommand.class,
      DemoCommand.class,
      DemoWriterCommand.class,
      CommandLine.HelpCommand.class
    })
public final class AshlarCommand implements Runnable, Console {

  @Spec private @org.jspecify.annotations.Nullable CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  private boolean debug;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "Show no progress.")
  private boolean quiet;

  /** Runs one command and exits with its code. */
  public static void main(String[] arguments) {
    CommandLine line = commandLine();
    line.setOut(writer(FileDescriptor.out));
    line.setErr(writer(FileDescriptor.err));
    Warnings.sendTo(line.getErr());
    int code = execute(line, arguments);
    line.getOut().flush();
    line.getErr().flush();
    System.exit(code);
  }

  private static int execute(CommandLine line, String[] arguments) {
    try {
      return line.execute(arguments);
    } catch (OutOfMemoryError e) {
      printError(line, ErrorText.of(e));
      return ExitCode.ERROR;
    }
  }

  /** Returns the command line with its error handling, ready to execute. */
  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new AshlarCommand());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpAutoWidth(false);
    line.setUsageHelpWidth(100);
    line.setParameterExceptionHandler(AshlarCommand::onUsageError);
    line.setExecutionExceptionHandler(AshlarCommand::onError);
    return line;
  }

  /** Output is UTF-8 whatever the locale: names are. */
  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(
        new BufferedWriter(
            new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8)));
  }

  private static int onUsageError(ParameterException e, String[] arguments) {
    CommandLine line = e.getCommandLine();
    printError(
        line, e.getMessage() + "; see: " + line.getCommandSpec().qualifiedName() + " --help");
    return ExitCode.ERROR;
  }

  private static int onError(Exception e, CommandLine line, CommandLine.ParseResult parsed) {
    line.getOut().flush();
    printError(line, ErrorText.of(e));
    if (root(line).debug) {
      e.printStackTrace(line.getErr());
    }
    return switch (ErrorText.unwrap(e)) {
      case CorruptionException damaged -> ExitCode.DIFFERENT;
      case TierDamagedException damaged -> ExitCode.DIFFERENT;
      default -> ExitCode.ERROR;
    };
  }

  private static AshlarCommand root(CommandLine line) {
    return (AshlarCommand) line.getCommandSpec().root().userObject();
  }

  private static void printError(CommandLine line, String text) {
    line.getErr().println("error: " + text.replaceAll("\\s*\\R\\s*", " "));
    line.getErr().flush();
  }

  @Override
  public void run() {
    CommandSpec self = java.util.Objects.requireNonNull(spec);
    throw new ParameterException(self.commandLine(), "no command given");
  }

  @Override
  public Output output(CommandSpec command) {
    boolean terminal = Boolean.getBoolean("ashlar.terminal");
    Progress.Style style =
        quiet ? Progress.Style.NONE : terminal ? Progress.Style.BAR : Progress.Style.LINES;
    return new Output(command.commandLine().getOut(), command.commandLine().getErr(), style);
  }
}
