package io.ashlar.jmh.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs other programs to their end. */
public final class Processes {

  private Processes() {}

  /**
   * Runs a program and returns what it printed, its errors included.
   *
   * @param timeoutS after how many seconds it is killed.
   * @throws IOException if it is not installed, fails, or takes too long.
   */
  public static String output(List<String> command, long timeoutS) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    CompletableFuture.delayedExecutor(timeoutS, TimeUnit.SECONDS).execute(process::destroyForcibly);
    try {
      process.getOutputStream().close();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      if (code != 0) {
        throw new IOException(
            "a program failed: program="
                + command.getFirst()
                + ", code="
                + code
                + ", output="
                + text.strip());
      }
      return text;
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted: program=" + command.getFirst(), e);
    }
  }
}
