package io.ashlar.cli.console;

/** What the command line tells its caller at its end. */
public final class ExitCode {
  /** Done. */
  public static final int OK = 0;

  /** Something was damaged, did not match, or had to be left out. */
  public static final int DIFFERENT = 1;

  /** It could not be done. */
  public static final int ERROR = 2;

  private ExitCode() {}
}
