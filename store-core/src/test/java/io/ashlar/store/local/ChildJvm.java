package io.ashlar.store.local;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A real JVM beside this one, of the same version, with what it prints.
 *
 * <p>Lines are kept in the order in which the child wrote them. A line that was read is proof that
 * the child had come so far; what it wrote before it was killed stays in the pipe and is read.
 */
final class ChildJvm implements AutoCloseable {

  private static final long DEADLINE_S = 300;

  private final Process process;
  private final List<String> output = new ArrayList<>();
  private final List<String> errors = new ArrayList<>();
  private final CountDownLatch ready = new CountDownLatch(1);
  private final Thread outputReader;
  private final Thread errorReader;

  private ChildJvm(Process process) {
    this.process = process;
    outputReader = reader(process.inputReader(StandardCharsets.UTF_8), output);
    errorReader =
        reader(
            new BufferedReader(
                new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8)),
            errors);
  }

  /** Starts one with the class path of this JVM and assertions on. */
  static ChildJvm start(List<String> options, Class<?> main, String... arguments)
      throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "--enable-native-access=ALL-UNNAMED",
                "-ea",
                "-Dashlar.checks=true",
                "-XX:TieredStopAtLevel=1"));
    all.addAll(options);
    return start(classPath(), all, main.getName(), arguments);
  }

  /** Starts one with exactly these options. */
  static ChildJvm start(String classPath, List<String> options, String main, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", classPath, main));
    command.addAll(List.of(arguments));
    return run(command);
  }

  /** Starts any command. */
  static ChildJvm run(List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    // These would add options, and a line on standard error that says so.
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().remove("JDK_JAVA_OPTIONS");
    builder.environment().remove("_JAVA_OPTIONS");
    return new ChildJvm(builder.start());
  }

  /** Returns the class path of this test, whatever the runner made of it. */
  static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private Thread reader(BufferedReader from, List<String> into) {
    Thread thread =
        new Thread(() -> {
          try (from) {
            String line = from.readLine();
            while (line != null) {
              synchronized (into) {
                into.add(line);
              }
              if (line.equals("READY")) {
                ready.countDown();
              }
              line = from.readLine();
            }
          } catch (IOException e) {
            synchronized (into) {
              into.add("unreadable: " + e);
            }
          } finally {
            ready.countDown();
          }
        });
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Waits until the child has printed {@code READY}. */
  void awaitReady() throws InterruptedException {
    if (!ready.await(DEADLINE_S, TimeUnit.SECONDS) || !output().contains("READY")) {
      throw new AssertionError("the child did not get ready: " + this);
    }
  }

  /** Kills it with SIGKILL and reads what it wrote to the last line. */
  void kill() throws InterruptedException {
    // Not process.destroyForcibly(), which closes the pipe with what is still in it.
    process.toHandle().destroyForcibly();
    int _ = exitCode();
  }

  /** Waits for its end and returns the exit code; 137 after SIGKILL. */
  int exitCode() throws InterruptedException {
    if (!process.waitFor(DEADLINE_S, TimeUnit.SECONDS)) {
      throw new AssertionError("the child did not end: " + this);
    }
    outputReader.join();
    errorReader.join();
    return process.exitValue();
  }

  /** Returns the lines that it wrote to standard output. */
  List<String> output() {
    synchronized (output) {
      return List.copyOf(output);
    }
  }

  /** Returns the lines that it wrote to standard error. */
  List<String> errors() {
    synchronized (errors) {
      return List.copyOf(errors);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  @Override
  public String toString() {
    return "child="
        + process.pid()
        + ", alive="
        + process.isAlive()
        + ", output="
        + lastOf(output())
        + ", errors="
        + lastOf(errors());
  }

  private static List<String> lastOf(List<String> lines) {
    return lines.subList(Math.max(0, lines.size() - 20), lines.size());
  }
}
