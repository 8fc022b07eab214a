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
import io.ashlar.cli.console.StandardOutput;
import io.ashlar.cli.console.Warnings;
import io.ashlar.cli.demo.DemoCommand;
import io.ashlar.cli.demo.DemoWriterCommand;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierDamagedException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The root of the command line. {@link ExitCode} lists the exit codes. An error is one line on
 * standard error, {@code error: what: value; remedy}.
 */
@Command(
    name = "ashlar",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    version = "ashlar 0.1.0-SNAPSHOT",
    sortOptions = false,
    abbreviateSynopsis = true,
    description = {
      "Keep files as blobs in a local store, with a tier on object storage.",
      "Symbolic links and special files are skipped and counted. Modes, owners and times are not"
          + " stored.",
      "For the arguments and options of a command: ashlar COMMAND --help"
    },
    synopsisSubcommandLabel = "COMMAND",
    parameterListHeading = "%nArguments:%n",
    optionListHeading = "%nOptions:%n",
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit codes:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  ashlar put /var/lib/photos ~/Pictures",
      "  ashlar tier /var/lib/photos 's3://bucket/photos?region=eu-central-1'",
      "  ashlar get --all /var/lib/photos /tmp/photos"
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
  /** Options that all commands have come last in their help. */
  private static final int ORDER_LAST = 1_000;

  @Spec private @org.jspecify.annotations.Nullable CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      order = ORDER_LAST,
      description = "Also print the stack trace of an error.")
  private boolean debug;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      order = ORDER_LAST,
      description = "Show no progress.")
  private boolean quiet;

  /** Runs one command and exits with its code. */
  public static void main(String[] arguments) {
    PrintWriter err = new StandardOutput(new FileOutputStream(FileDescriptor.err)).writer();
    Warnings.sendTo(err);
    int code = run(arguments, new StandardOutput(new FileOutputStream(FileDescriptor.out)), err);
    System.exit(code);
  }

  /** Runs one command and returns its exit code: an error too if its output was lost. */
  static int run(String[] arguments, StandardOutput out, PrintWriter err) {
    CommandLine line = commandLine();
    line.setOut(out.writer());
    line.setErr(err);
    int code = execute(line, arguments);
    line.getOut().flush();
    String failure = out.failure();
    if (failure != null) {
      code = ExitCode.ERROR;
      if (!out.isClosedByReader()) {
        printError(line, "standard output is incomplete: " + failure + "; write it elsewhere");
      }
    }
    err.flush();
    return code;
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
    line.registerConverter(Path.class, AshlarCommand::path);
    line.setUsageHelpAutoWidth(false);
    line.setUsageHelpWidth(100);
    line.setParameterExceptionHandler(AshlarCommand::onUsageError);
    line.setExecutionExceptionHandler(AshlarCommand::onError);
    complete(line);
    return line;
  }

  /** An empty path would be the current folder: an unset variable of a script, most likely. */
  private static Path path(String text) {
    if (text.isEmpty()) {
      throw new TypeConversionException("a path must not be empty; give . for the current folder");
    }
    return Path.of(text);
  }

  /** Adds to the help of a command, and of those below it, what all have in common. */
  private static void complete(CommandLine line) {
    CommandSpec command = line.getCommandSpec();
    for (String name : List.of("--help", "--version")) {
      OptionSpec option = command.findOption(name);
      if (option != null) {
        command.remove(option);
        command.addOption(OptionSpec.builder(option).order(ORDER_LAST).build());
      }
    }
    Map<String, String> codes = new TreeMap<>(command.usageMessage().exitCodeList());
    codes.put(String.valueOf(ExitCode.OK), ExitCode.OK_HELP);
    codes.putIfAbsent(String.valueOf(ExitCode.DIFFERENT), ExitCode.DIFFERENT_HELP);
    codes.put(String.valueOf(ExitCode.ERROR), ExitCode.ERROR_HELP);
    command.usageMessage().exitCodeList(codes);
    line.getSubcommands().values().forEach(AshlarCommand::complete);
  }

  private static int onUsageError(ParameterException e, String[] arguments) {
    CommandLine line = e.getCommandLine();
    printError(
        line, usageError(e, line) + "; see: " + line.getCommandSpec().qualifiedName() + " --help");
    return ExitCode.ERROR;
  }

  private static String usageError(ParameterException e, CommandLine line) {
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
      String first = unmatched.getUnmatched().getFirst();
      if (line.getSubcommands().isEmpty()) {
        return "unexpected argument: '" + first + "'";
      }
      List<String> similar = unmatched.getSuggestions();
      return "no such command: '"
          + first
          + "'"
          + (similar.isEmpty() ? "" : "; did you mean: " + String.join(", ", similar));
    }
    String message = String.valueOf(e.getMessage());
    return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
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
