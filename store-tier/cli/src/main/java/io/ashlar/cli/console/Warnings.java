package io.ashlar.cli.console;

import java.io.PrintWriter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Shows what the library logs as one plain line each, from warnings upwards. Thread: any. */
public final class Warnings extends Handler {

  /** Held for good: the log manager itself keeps loggers weakly. */
  private static final Logger ROOT = Logger.getLogger("");

  private final PrintWriter err;

  private Warnings(PrintWriter err) {
    this.err = err;
    setLevel(Level.WARNING);
  }

  /** Replaces the handlers of this JVM's log by one that prints to {@code err}. */
  public static void sendTo(PrintWriter err) {
    LogManager.getLogManager().reset();
    ROOT.setLevel(Level.WARNING);
    ROOT.addHandler(new Warnings(err));
  }

  @Override
  public void publish(LogRecord record) {
    if (isLoggable(record)) {
      String text = String.valueOf(record.getMessage());
      synchronized (err) {
        err.println("warning: " + text.replaceAll("\\s*\\R\\s*", " "));
        err.flush();
      }
    }
  }

  @Override
  public void flush() {
    err.flush();
  }

  @Override
  public void close() {}
}
