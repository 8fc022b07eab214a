package io.ashlar.cli.demo;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A command of this program in a JVM of its own, which prints lines until it ends or is killed.
 *
 * <p>It cannot outlive this one by long: its standard input closes with us, and it watches that. It
 * cannot run for ever: {@link #nextLine} ends it at the deadline. The last line of its standard
 * error is quoted when it fails.
 *
 * <p>Thread: one, and two inner daemon threads that read the child's lines. Lines of standard
 * output go into a bounded queue. Of standard error only the last is kept.
 */
final class ChildProcess implements AutoCloseable {

  /** The exit code of a process that SIGKILL ended: 128 and the signal's number. */
  static final int KILLED = 137;

  /** By its name, because that class knows every command, those of this package too. */
  private static final String MAIN_CLASS = "io.ashlar.cli.AshlarCommand";

  private static final int QUEUE_LINES = 1024;
  private static final long END_WAIT_S = 60;

  private final Process process;
  private final BufferedWriter input;
  private final long deadlineNs;
  private final BlockingQueue<Line> lines = new ArrayBlockingQueue<>(QUEUE_LINES);
  private final Thread errorReader;
  private boolean ended;

  /** Written by the error reader, read after it ended. */
  private volatile String lastError = "";

  /** A line, or the end of them. */
  private record Line(@Nullable String text) {}

  private ChildProcess(Process process, long deadlineNs) {
    this.process = process;
    this.deadlineNs = deadlineNs;
    this.input = process.outputWriter(StandardCharsets.UTF_8);
    this.errorReader =
        Thread.ofPlatform().daemon().name("ashlar-child-errors").unstarted(this::readErrors);
  }

  /**
   * Starts a command with this JVM's Java, class path and {@code ashlar.*} properties.
   *
   * @param arguments of the command line.
   * @param deadlineNs how long it may run.
   * @throws IOException if it cannot be started.
   */
  static ChildProcess start(List<String> arguments, long deadlineNs) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    System.getProperties()
        .forEach((name, value) -> {
          if (name.toString().startsWith("ashlar.") && !name.equals("ashlar.terminal")) {
            command.add("-D" + name + "=" + value);
          }
        });
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(MAIN_CLASS);
    command.addAll(arguments);
    ChildProcess child =
        new ChildProcess(new ProcessBuilder(command).start(), System.nanoTime() + deadlineNs);
    child.errorReader.start();
    Thread.ofPlatform().daemon().name("ashlar-child-output").start(child::read);
    return child;
  }

  private void read() {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        lines.put(new Line(text));
      }
    } catch (IOException e) {
      // A killed process closes its pipe in the middle of a line: that line never counted.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      putEnd();
    }
  }

  private void readErrors() {
    try (BufferedReader reader = process.errorReader(StandardCharsets.UTF_8)) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        if (!text.isBlank()) {
          lastError = text;
        }
      }
    } catch (IOException e) {
      // A killed process closes its pipe.
    }
  }

  private void putEnd() {
    try {
      lines.put(new Line(null));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Sends lines to its standard input, which stays open.
   *
   * @throws IOException if it ended before it took them all.
   */
  void send(Iterable<String> text) throws IOException {
    for (String line : text) {
      input.write(line);
      input.write('\n');
    }
    input.flush();
  }

  /**
   * Waits for the next line.
   *
   * @return the line, or null when there will be no more.
   * @throws IOException if the deadline passed; the process was killed then.
   */
  @Nullable String nextLine() throws IOException {
    if (ended) {
      return null;
    }
    try {
      Line line = lines.poll(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null) {
        kill();
        throw new IOException("the writing process did not end in time; the disk may hang");
      }
      ended = line.text() == null;
      return line.text();
    } catch (InterruptedException e) {
      kill();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the writing process", e);
    }
  }

  /** Sends it SIGKILL. */
  void kill() {
    process.destroyForcibly();
  }

  /**
   * Waits for its end.
   *
   * @return its exit code.
   */
  int awaitEnd() throws IOException {
    try {
      if (!process.waitFor(END_WAIT_S, TimeUnit.SECONDS)) {
        throw new IOException("the writing process does not end: pid=" + process.pid());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the writing process", e);
    }
  }

  /**
   * Returns the last line that it printed on standard error, or how it ended. Waits for its end.
   */
  String failure() throws IOException {
    int exit = awaitEnd();
    try {
      errorReader.join(TimeUnit.SECONDS.toMillis(END_WAIT_S));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return lastError.isEmpty()
        ? "the writing process ended by itself: exit=" + exit
        : lastError.replaceFirst("^error: ", "");
  }

  /** Kills it unless it has ended. */
  @Override
  public void close() {
    kill();
  }
}
