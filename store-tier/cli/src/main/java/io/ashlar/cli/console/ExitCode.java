package io.ashlar.cli.console;

/**
 * The exit codes of the command line. Every command's help lists them, and says what {@link
 * #DIFFERENT} means for that command.
 */
public final class ExitCode {
  /** Done. */
  public static final int OK = 0;

  /** Done, but something was damaged, did not match or was left out. */
  public static final int DIFFERENT = 1;

  /** Not done: wrong usage, or an error. */
  public static final int ERROR = 2;

  /** Help for {@link #OK}. */
  public static final String OK_HELP = "done";

  /** Help for {@link #DIFFERENT} of a command that does not say it more exactly. */
  public static final String DIFFERENT_HELP =
      "done, but something was damaged, did not match or was left out";

  /** Help for {@link #ERROR}. */
  public static final String ERROR_HELP = "not done: wrong usage, or an error";

  private ExitCode() {}
}
