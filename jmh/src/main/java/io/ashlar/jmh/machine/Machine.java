package io.ashlar.jmh.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Says what a result was measured with, so that it can be judged later. */
public final class Machine {

  private Machine() {}

  /** Returns lines that name commit, kernel, processors, file system, device and Java. */
  public static List<String> describe(Path folder) {
    Runtime runtime = Runtime.getRuntime();
    return List.of(
        "time: " + Instant.now().truncatedTo(ChronoUnit.SECONDS),
        "commit: " + commit(),
        "kernel: " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
        "processors: " + runtime.availableProcessors(),
        "file system: " + fileSystem(folder),
        "java: " + Runtime.version() + ", " + System.getProperty("java.vm.name"));
  }

  private static String fileSystem(Path folder) {
    try {
      FileStore store = Files.getFileStore(folder);
      return store.type() + " on device " + store.name();
    } catch (IOException e) {
      return "unknown: " + e.getMessage();
    }
  }

  private static String commit() {
    String commit = git("rev-parse", "--short=12", "HEAD");
    return commit.isEmpty()
        ? "unknown"
        : git("status", "--porcelain").isEmpty() ? commit : commit + " with changes";
  }

  private static String git(String... arguments) {
    String[] command = new String[arguments.length + 1];
    command[0] = "git";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0 ? text : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
