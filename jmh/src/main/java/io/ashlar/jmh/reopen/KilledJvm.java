package io.ashlar.jmh.reopen;

import io.ashlar.jmh.peer.PeerFailedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * Runs {@link ReopenChild} in a JVM of its own until it is ready, and kills it with SIGKILL.
 *
 * <p>Its options are this JVM's, but for the heap's size.
 */
final class KilledJvm {

  private static final String HEAP = "-Xmx512m";

  private KilledJvm() {}

  /**
   * Runs a child to its end.
   *
   * @param timeoutS after how many seconds it is given up.
   * @param progress is told of each name and value as it comes.
   * @return the last value of each name.
   * @throws PeerFailedException if it ended, or the time did, before it was ready.
   */
  static Map<String, String> run(
      List<String> arguments, long timeoutS, BiConsumer<String, String> progress) {
    Map<String, String> values = new HashMap<>();
    boolean ready = false;
    try {
      Process process =
          new ProcessBuilder(command(arguments))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      CompletableFuture.delayedExecutor(timeoutS, TimeUnit.SECONDS)
          .execute(process::destroyForcibly);
      try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
        String line = lines.readLine();
        while (line != null && !line.equals(ReopenChild.READY)) {
          int sign = line.indexOf('=');
          String name = line.substring(0, Math.max(0, sign));
          if (name.matches("[a-zA-Z]+")) {
            String value = line.substring(sign + 1);
            values.put(name, value);
            progress.accept(name, value);
          }
          line = lines.readLine();
        }
        ready = line != null;
      } finally {
        process.destroyForcibly(); // SIGKILL
      }
      int _ = process.waitFor();
    } catch (IOException e) {
      throw new PeerFailedException("the child's output broke off: arguments=" + arguments, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PeerFailedException("interrupted: arguments=" + arguments, e);
    }
    if (!ready) {
      throw new IllegalStateException(
          "the child ended before it was ready, see above: arguments=" + arguments);
    }
    return values;
  }

  private static List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> !option.startsWith("-Xmx") && !option.startsWith("-javaagent"))
        .forEach(command::add);
    command.add(HEAP);
    command.add("-cp");
    // A test runner hides the class path in a jar, and says so.
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(ReopenChild.class.getName());
    command.addAll(arguments);
    return command;
  }
}
