package io.ashlar.jmh.reopen;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.peer.PeerFailedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@link FreshChild} in JVMs with one class path and one set of options: native access, and
 * what {@code options} adds.
 *
 * @param label the name in results.
 * @param contestant which store it opens.
 * @param jar all its classes.
 * @param options further options of the JVM.
 */
record FreshJvm(String label, Contestant contestant, Path jar, List<String> options) {

  private static final String HEAP = "-Xmx512m";
  private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  /**
   * What one child took.
   *
   * @param cpuMs processor time of its process when it was ready; the kernel counts it in 10 ms.
   * @param ms what it measured itself.
   */
  record Sample(double cpuMs, double ms) {}

  /** Has a child make a store, commit, read and close; kills it then. */
  Sample commit(Path folder, long timeoutS) {
    return run("commit", folder, 1, timeoutS);
  }

  /** Has a child open a store of {@code count} blobs, and commit a little; kills it then. */
  Sample open(Path folder, int count, long timeoutS) {
    return run("open", folder, count, timeoutS);
  }

  /** Returns the command of a child. */
  List<String> command(String order, Path folder, int count) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(NATIVE_ACCESS, HEAP));
    command.addAll(options);
    command.addAll(List.of("-cp", jar.toString(), FreshChild.class.getName()));
    command.addAll(List.of(order, contestant.name(), folder.toString(), Integer.toString(count)));
    return command;
  }

  private Sample run(String order, Path folder, int count, long timeoutS) {
    List<String> command = command(order, folder, count);
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      CompletableFuture.delayedExecutor(timeoutS, TimeUnit.SECONDS)
          .execute(process::destroyForcibly);
      Sample sample;
      try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
        double ms = untilReady(lines, command) / 1e6;
        sample = new Sample(cpuMs(process), ms);
        if (order.equals("open")) {
          process.getOutputStream().write('\n');
          process.getOutputStream().flush();
          double _ = untilReady(lines, command);
        }
      } finally {
        process.destroyForcibly(); // SIGKILL
      }
      int _ = process.waitFor();
      return sample;
    } catch (IOException e) {
      throw new PeerFailedException("a child's output broke off: command=" + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PeerFailedException("interrupted: command=" + command, e);
    }
  }

  /** Reads up to the line that says so; returns the nanoseconds that the child printed before. */
  private static double untilReady(BufferedReader lines, List<String> command) throws IOException {
    double ns = Double.NaN;
    String line = lines.readLine();
    while (line != null && !line.equals(ReopenChild.READY)) {
      if (line.startsWith("ns=")) {
        ns = Double.parseDouble(line.substring("ns=".length()));
      }
      line = lines.readLine();
    }
    if (line == null) {
      throw new IllegalStateException(
          "the child ended before it was ready, see above: command=" + command);
    }
    return ns;
  }

  private static double cpuMs(Process process) {
    return process.info().totalCpuDuration().orElseThrow().toNanos() / 1e6;
  }
}
