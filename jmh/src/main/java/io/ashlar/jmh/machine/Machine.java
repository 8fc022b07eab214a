package io.ashlar.jmh.machine;

import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Says what a result was measured with, so that it can be judged later. */
public final class Machine {

  private static final Path CPUS = Path.of("/proc/cpuinfo");
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");

  private Machine() {}

  /** Returns lines that name commit, kernel, processors, file system, device and Java. */
  public static List<String> describe(Path folder) {
    Runtime runtime = Runtime.getRuntime();
    return List.of(
        "time: " + Instant.now().truncatedTo(ChronoUnit.SECONDS),
        "commit: " + commit(),
        "kernel: " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
        "processors: " + runtime.availableProcessors() + " x " + processor(),
        "file system: " + fileSystem(folder),
        "device: " + device(folder),
        "java: " + Runtime.version() + ", " + System.getProperty("java.vm.name"));
  }

  private static String processor() {
    return firstMatch(CPUS, "model name\\s*:\\s*(.*)").orElse("unknown");
  }

  /** Returns the type of the file system and its mount options: see proc_pid_mountinfo(5). */
  private static String fileSystem(Path folder) {
    return firstMatch(
            MOUNTS,
            "\\S+ \\S+ " + Pattern.quote(number(folder)) + " \\S+ \\S+ (\\S+ .*- \\S+ \\S+ \\S+)")
        .map(Machine::mounted)
        .orElse("unknown");
  }

  /** Takes type and options from what stands behind the mount point in a line of mountinfo. */
  static String mounted(String line) {
    String[] parts = line.split(" - ", 2);
    String[] superBlock = parts[1].split(" ", -1);
    Set<String> options = new LinkedHashSet<>();
    options.addAll(List.of(parts[0].split(" ", -1)[0].split(",", -1)));
    options.addAll(List.of(superBlock[2].split(",", -1)));
    return superBlock[0] + ", mounted with " + String.join(",", options);
  }

  private static String device(Path folder) {
    Path device = Path.of("/sys/dev/block", number(folder));
    try {
      Path real = device.toRealPath();
      Path whole = Files.exists(real.resolve("partition")) ? real.getParent() : real;
      if (whole == null) {
        return "unknown";
      }
      return whole.getFileName()
          + (whole.toString().contains("/virtio") ? ", virtio" : "")
          + ", write cache: "
          + Files.readString(whole.resolve("queue/write_cache")).strip();
    } catch (IOException e) {
      return "no block device";
    }
  }

  private static String number(Path folder) {
    long number = NativeFile.stat(folder).device();
    return (number >>> 32) + ":" + (number & 0xffff_ffffL);
  }

  private static Optional<String> firstMatch(Path file, String line) {
    Pattern pattern = Pattern.compile(line);
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .map(pattern::matcher)
          .filter(Matcher::matches)
          .map(matcher -> matcher.group(1).strip())
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
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
