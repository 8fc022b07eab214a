package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.StandardOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
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

  /** Every command of the root's, and those below {@code batch}. */
  static Stream<String> commands() {
    return Stream.concat(
        AshlarCommand.commandLine().getSubcommands().entrySet().stream()
            .filter(command -> !command.getValue().getCommandSpec().usageMessage().hidden())
            .map(Map.Entry::getKey)
            .filter(name -> !name.equals("help")),
        Stream.of("batch ls", "batch convert"));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void shouldExplainEveryCommand(String command) {
    CommandRun help = CommandRun.of((Object[]) (command + " --help").split(" "));
    assertThat(help.code()).isZero();
    assertThat(help.out())
        .contains("Usage: ashlar " + command)
        .containsPattern("Exit codes:\\n +0 +done\\n +1 +\\S.*\\n +2 +not done")
        .containsPattern("Examples:\\n  ashlar " + command.split(" ")[0]);
    assertThat(help.out().lines()).allMatch(line -> line.length() <= 100);
    assertThat(CommandRun.of("--help").out()).contains("  " + command.split(" ")[0]);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void shouldSayWhichVersionItIsWithEveryCommand(String command) {
    CommandRun version = CommandRun.of((Object[]) (command + " --version").split(" "));
    assertThat(version.code()).isZero();
    assertThat(version.out()).startsWith("ashlar ").hasLineCount(1);
  }

  @Test
  void shouldSayWhatIsNotKept() {
    assertThat(CommandRun.of("--help").out()).contains("Modes").contains("Symbolic links");
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

  static Stream<List<String>> misspeltTiers() {
    return Stream.of(
        List.of("checkpoints", "URL"),
        List.of("collect", "URL"),
        List.of("scrub", "URL"),
        List.of("restore", "URL", "NEW"),
        List.of("evict", "STORE", "URL"),
        List.of("repair", "STORE", "URL"),
        List.of("get", "--all", "--tier", "URL", "STORE", "NEW"));
  }

  @ParameterizedTest
  @MethodSource("misspeltTiers")
  void shouldMakeNoFolderForATierThatIsNotThere(List<String> arguments) throws IOException {
    Path store = storeWithAFile();
    Path missing = temp.resolve("missing");
    for (String url : List.of("file:" + missing, "file://" + missing)) {
      CommandRun run =
          CommandRun.of(
              arguments.stream()
                  .map(word ->
                      switch (word) {
                        case "URL" -> url;
                        case "STORE" -> store;
                        case "NEW" -> temp.resolve("new");
                        default -> word;
                      })
                  .toArray());
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err())
          .isEqualToIgnoringNewLines("error: no such tier: folder=" + missing + "; check the URL");
    }
    assertThat(missing).doesNotExist();
    assertThat(temp.resolve("new")).doesNotExist();
  }

  @Test
  void shouldBeginNoTierByEvicting() throws IOException {
    Path store = storeWithAFile();
    Path empty = Files.createDirectory(temp.resolve("empty"));
    CommandRun run = CommandRun.of("evict", store, "file:" + empty);
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).startsWith("error: nothing is tiered there: ").contains("ashlar tier");
    assertThat(CommandRun.of("checkpoints", "--json", "file:" + empty).out()).isEmpty();
  }

  private Path storeWithAFile() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "text");
    Path store = temp.resolve("store");
    assertThat(CommandRun.of("put", store, file).code()).isZero();
    return store;
  }

  @Test
  void shouldRefuseAnEmptyPath() throws IOException {
    Path store = storeWithAFile();
    for (List<Object> arguments :
        List.<List<Object>>of(
            List.of("put", store, ""), List.of("ls", ""), List.of("put", "", store))) {
      CommandRun run = CommandRun.of(arguments.toArray());
      assertThat(run.code()).as("%s", arguments).isEqualTo(ExitCode.ERROR);
      assertThat(run.err()).startsWith("error: ").contains("a path must not be empty");
      assertThat(run.err().lines()).hasSize(1);
    }
  }

  static Stream<Arguments> wrongValues() {
    return Stream.of(
        Arguments.of("scrub --rate=99999999999999 file:x", "must be 0 to 1000000000 megabytes"),
        Arguments.of("vacuum --holes=x store", "must be 0 to 1000000000 megabytes"),
        Arguments.of("evict --free=99999999999999T store file:x", "not a size: --free="),
        Arguments.of("evict --free=2X store file:x", "not a size: --free=2X"),
        Arguments.of("collect --keep=-1 file:x", "--keep must be 0 to 1000000: -1"),
        Arguments.of("collect --keep-days=3654 file:x", "--keep-days must be 0 to 3653: 3654"),
        Arguments.of("scrub --after=b file:x", "not the name of a batch: --after=b"),
        Arguments.of("putt store path", "no such command: 'putt'; did you mean: put"),
        Arguments.of("stat store more", "unexpected argument: 'more'"),
        Arguments.of("stat", "missing required parameter: 'STORE'"));
  }

  @ParameterizedTest
  @MethodSource("wrongValues")
  void shouldNameTheOptionOfAWrongValue(String command, String message) {
    CommandRun run = CommandRun.of((Object[]) command.split(" "));
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).startsWith("error: ").contains(message).contains("; see: ashlar ");
    assertThat(run.err().lines()).hasSize(1);
  }

  /** Fails every write, as a full disk or a reader that has gone. */
  private static StandardOutput failing(String reason) {
    return new StandardOutput(
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException(reason);
          }
        });
  }

  @Test
  void shouldFailWhenItsOutputIsLost() {
    StringWriter err = new StringWriter();
    String[] arguments = {"--help"};
    StandardOutput full = failing("No space left on device");
    assertThat(AshlarCommand.run(arguments, full, new PrintWriter(err))).isEqualTo(ExitCode.ERROR);
    assertThat(err.toString())
        .startsWith("error: standard output is incomplete: no space left on device; ")
        .hasLineCount(1);
  }

  @Test
  void shouldSayNothingWhenTheReaderHadEnough() {
    StringWriter err = new StringWriter();
    String[] arguments = {"--help"};
    StandardOutput closed = failing("Broken pipe");
    assertThat(AshlarCommand.run(arguments, closed, new PrintWriter(err)))
        .isEqualTo(ExitCode.ERROR);
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void shouldNameTheFolderThatATargetLacks() throws IOException {
    Path store = storeWithAFile();
    CommandRun run = CommandRun.of("get", store, "file", temp.resolve("no").resolve("x"));
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err())
        .startsWith("error: no such file or folder: path=" + temp.resolve("no") + "; ");
  }
}
