package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.cli.console.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsageTest {
  @TempDir Path temp;

  static Stream<List<String>> wrongUses() {
    return Stream.of(
        List.of(),
        List.of("no-such-command"),
        List.of("put"),
        List.of("put", "store"),
        List.of("get", "store"),
        List.of("get", "--all", "store", "a", "b"),
        List.of("get", "store", "a", "b", "c"),
        List.of("ls"),
        List.of("ls", "--no-such-option", "store"),
        List.of("ls", "--engine", "steam", "store"),
        List.of("rm", "store"),
        List.of("backup", "store"),
        List.of("tier", "store"),
        List.of("evict", "store"),
        List.of("restore", "file:x"),
        List.of("probe"),
        List.of("checkpoints"),
        List.of("collect"),
        List.of("scrub"),
        List.of("batch"),
        List.of("batch", "ls"),
        List.of("batch", "convert", "a", "b"),
        List.of("batch", "convert", "a", "b", "--format", "v1"),
        List.of("demo", "a", "b"));
  }

  @ParameterizedTest
  @MethodSource("wrongUses")
  void shouldExitWith2AndOneLineWhenUsedWrongly(List<String> arguments) {
    CommandRun run = CommandRun.of(arguments.toArray());
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).startsWith("error: ").contains("--help");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "put",
        "get",
        "ls",
        "rm",
        "stat",
        "verify",
        "vacuum",
        "backup",
        "tier",
        "restore",
        "probe",
        "checkpoints",
        "collect",
        "scrub",
        "batch",
        "demo"
      })
  void shouldExplainEveryCommand(String command) {
    CommandRun help = CommandRun.of(command, "--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).contains("Usage: ashlar " + command);
    assertThat(help.out().lines()).allMatch(line -> line.length() <= 100);
    assertThat(CommandRun.of("--help").out()).contains("  " + command);
  }

  @Test
  void shouldSayWhatIsNotKept() {
    assertThat(CommandRun.of("--help").out()).contains("modes").contains("Symbolic links");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ls", "stat", "verify", "vacuum"})
  void shouldRefuseAPlaceWithoutAStoreAndLeaveItAlone(String command) throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    Path empty = Files.createDirectory(temp.resolve("empty"));
    for (Path place : List.of(temp.resolve("missing"), file, empty)) {
      CommandRun run = CommandRun.of(command, place);
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err()).startsWith("error: ").contains("store=" + place).contains("; ");
      assertThat(run.err().lines()).hasSize(1);
    }
    assertThat(temp.resolve("missing")).doesNotExist();
    assertThat(empty).isEmptyDirectory();
  }
}
