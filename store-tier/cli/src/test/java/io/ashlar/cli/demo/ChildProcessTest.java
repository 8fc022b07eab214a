package io.ashlar.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.cli.AshlarCommand;
import io.ashlar.cli.CommandRun;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("campaign")
class ChildProcessTest {
  private static final long MINUTE_NS = TimeUnit.MINUTES.toNanos(1);

  @TempDir Path temp;

  @Test
  void shouldQuoteTheErrorOfAProcessThatFails() throws IOException {
    try (ChildProcess child = ChildProcess.start(List.of("stat", missing()), MINUTE_NS)) {
      assertThat(child.nextLine()).isNull();
      assertThat(child.nextLine()).isNull();
      assertThat(child.awaitEnd()).isEqualTo(ExitCode.ERROR);
      assertThat(child.failure()).startsWith("no such store: store=" + missing());
    }
  }

  @Test
  void shouldKillAProcessThatDoesNotSpeakInTime() throws IOException {
    try (ChildProcess child = ChildProcess.start(writer(), 1)) {
      assertThatThrownBy(child::nextLine)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("did not end in time");
      assertThat(child.awaitEnd()).isEqualTo(ChildProcess.KILLED);
    }
  }

  @Test
  void shouldWriteUntilItIsKilledAndLeaveWhatItAcknowledged() throws IOException {
    Path file = Files.writeString(temp.resolve("f"), "content");
    String wanted = Json.line(new DemoWriterCommand.Wanted("name", file.toString()));
    try (ChildProcess child = ChildProcess.start(writer(), MINUTE_NS)) {
      child.send(List.of(wanted, ""));
      assertThat(child.nextLine()).isEqualTo(DemoWriterCommand.READY);
      String line = child.nextLine();
      assertThat(line).isNotNull();
      var acknowledged = Json.parse(String.valueOf(line), DemoWriterCommand.Acknowledgement.class);
      assertThat(acknowledged.names()).containsExactly("name");
      child.kill();
      assertThat(child.awaitEnd()).isEqualTo(ChildProcess.KILLED);
    }
    assertThat(CommandRun.of("ls", temp.resolve("store")).lines()).containsExactly("name");
  }

  @Test
  void shouldEndWithTheProcessThatStartedIt() throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            AshlarCommand.class.getName(),
            "demo-writer",
            "--epoch-bytes=65536",
            "--hold-bytes=1",
            temp.resolve("store").toString());
    Process child = new ProcessBuilder(command).start();
    try {
      child.outputWriter().write("\n");
      child.outputWriter().flush();
      assertThat(child.inputReader().readLine()).isEqualTo(DemoWriterCommand.READY);
      child.outputWriter().close();
      assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(child.exitValue()).isEqualTo(ExitCode.ERROR);
    } finally {
      child.destroyForcibly();
    }
  }

  private String missing() {
    return temp.resolve("missing").toString();
  }

  private List<String> writer() {
    return List.of(
        "demo-writer",
        "--epoch-bytes=65536",
        "--hold-bytes=" + Long.MAX_VALUE,
        temp.resolve("store").toString());
  }
}
