package io.ashlar.cli.console;

import java.io.PrintWriter;

/**
 * How a command prints: data on standard output, everything else on standard error.
 *
 * @param out where data goes.
 * @param err where progress, notes and errors go.
 * @param style how progress is shown.
 */
public record Output(PrintWriter out, PrintWriter err, Progress.Style style) {

  /** Prints one line of data. */
  public void line(String text) {
    out.println(text);
  }

  /** Prints {@code value} as one line of JSON. */
  public void json(Object value) {
    out.println(Json.line(value));
  }

  /** Prints a line that is no data. */
  public void note(String text) {
    out.flush();
    err.println(text);
    err.flush();
  }

  /** Prints the error of one item; the command continues with the others. */
  public void error(Throwable error) {
    note("error: " + ErrorText.of(error));
  }

  /** Prints the error of one item; the command continues with the others. */
  public void error(String text) {
    note("error: " + text);
  }

  /** Begins to show the progress of a task of {@code totalBytes}, 0 when not known yet. */
  public Progress progress(String task, long totalBytes) {
    return Progress.begin(style, task, totalBytes, err);
  }
}
