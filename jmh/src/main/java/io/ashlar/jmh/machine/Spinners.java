package io.ashlar.jmh.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Processes that keep processors busy and do nothing else. They end when this is closed, and on
 * their own after a while should this process be killed.
 *
 * <p>Thread: one.
 */
public final class Spinners implements AutoCloseable {

  private final List<Process> processes = new ArrayList<>();

  private Spinners() {}

  /**
   * Starts processes of a shell that counts nothing for ever.
   *
   * @param secondsMax when they end by themselves.
   */
  public static Spinners start(int count, long secondsMax) {
    Spinners spinners = new Spinners();
    try {
      for (int i = 0; i < count; i++) {
        spinners.processes.add(
            new ProcessBuilder(
                    "timeout", Long.toString(secondsMax), "sh", "-c", "while :; do :; done")
                .start());
      }
    } catch (IOException e) {
      spinners.close();
      throw new UncheckedIOException("a spinning process could not be started: program=timeout", e);
    }
    return spinners;
  }

  /**
   * Checks that all have been spinning until now.
   *
   * @throws IllegalStateException if one has ended.
   */
  public void check() {
    for (Process process : processes) {
      if (!process.isAlive()) {
        throw new IllegalStateException(
            "a spinning process has ended: pid=" + process.pid() + ", code=" + process.exitValue());
      }
    }
  }

  /** Ends them. */
  @Override
  public void close() {
    for (Process process : processes) {
      process.destroy(); // timeout(1) passes the signal on
    }
  }
}
