package io.ashlar.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/**
 * Every script that a page names exists, and knows the options that the page gives it: the command
 * line by its own model, {@code scripts/bench} by its source, the others by their {@code --help}.
 */
class PageCommandsTest {
  private static final Pattern SCRIPT = Pattern.compile("\\bscripts/([\\w.-]+)((?: [^#]*)?)");
  private static final Pattern OPTION = Pattern.compile("(?<=[ \\[|])(--?[A-Za-z][\\w-]*)");
  private static final Path BENCH = Page.ROOT.resolve("jmh/src/main/java");

  private final CommandLine ashlar = AshlarCommand.commandLine();

  /** What {@code --help} of a script printed. */
  private final Map<String, String> helps = new HashMap<>();

  private String help(String script) {
    return helps.computeIfAbsent(script, PageCommandsTest::run);
  }

  private static String run(String script) {
    try {
      Process process =
          new ProcessBuilder("bash", "scripts/" + script, "--help")
              .directory(Page.ROOT.toFile())
              .redirectErrorStream(true)
              .start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("scripts/%s --help", script).isTrue();
      assertThat(process.exitValue()).as("scripts/%s --help: %s", script, said).isZero();
      return said;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static String benchSource() {
    try (Stream<Path> files = Files.walk(BENCH)) {
      StringBuilder all = new StringBuilder();
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        all.append(Files.readString(file));
      }
      return all.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what is wrong with a line of a page, or a piece of code in it. */
  private List<String> findings(String code) {
    List<String> findings = new ArrayList<>();
    Matcher script = SCRIPT.matcher(code);
    while (script.find()) {
      String name = script.group(1);
      if (!Files.isRegularFile(Page.ROOT.resolve("scripts/" + name))) {
        findings.add("no such script: scripts/" + name);
      } else {
        check(name, script.group(2).replaceAll(" {2,}.*", ""), findings);
      }
    }
    return findings;
  }

  private void check(String script, String arguments, List<String> findings) {
    CommandLine command = commandLine(script, arguments, findings);
    Matcher options = OPTION.matcher(arguments);
    while (options.find()) {
      String option = options.group(1);
      boolean known =
          switch (script) {
            case "ashlar", "demo" -> command.getCommandSpec().findOption(option) != null;
            case "bench" -> option.equals("--help") || benchSource().contains('"' + option + '"');
            default -> option.startsWith("-D") || help(script).contains(option);
          };
      if (!known) {
        findings.add("no such option: scripts/" + script + arguments + ": " + option);
      }
    }
  }

  /** Returns the command that the words name, with its own commands below it. */
  private CommandLine commandLine(String script, String arguments, List<String> findings) {
    CommandLine command = ashlar;
    if (script.equals("demo")) {
      return Objects.requireNonNull(command.getSubcommands().get("demo"));
    }
    for (String word : arguments.strip().split(" +", -1)) {
      CommandLine below = command.getSubcommands().get(word);
      if (below != null) {
        command = below;
      } else if (script.equals("ashlar") && word.matches("[a-z]+") && hasCommands(command)) {
        findings.add("no such command: scripts/ashlar " + word);
      }
    }
    return command;
  }

  private static boolean hasCommands(CommandLine command) {
    return !command.getSubcommands().isEmpty();
  }

  @Test
  void shouldExistWithTheirOptions() throws IOException {
    List<String> findings = new ArrayList<>();
    int scripts = 0;
    for (Page page : Page.all()) {
      for (String code : page.code()) {
        findings(code).forEach(finding -> findings.add(page.path() + ": " + finding));
        scripts += code.contains("scripts/") ? 1 : 0;
      }
    }
    assertThat(findings).isEmpty();
    assertThat(scripts).isGreaterThan(20);
  }

  @Test
  void shouldNoticeWhatDoesNotExist() {
    assertThat(findings("scripts/gone DIR")).containsExactly("no such script: scripts/gone");
    assertThat(findings("scripts/ashlar polish STORE"))
        .containsExactly("no such command: scripts/ashlar polish");
    assertThat(findings("scripts/ashlar collect URL [--keep N] [--forget]")).hasSize(1);
    assertThat(findings("scripts/ashlar batch convert IN OUT --format v2|v3")).isEmpty();
    assertThat(findings("scripts/demo [DIR] [--tier URL] [--no-such]")).hasSize(1);
    assertThat(findings("scripts/bench read --no-such 3")).hasSize(1);
    assertThat(findings("scripts/bench read --csv FILE")).isEmpty();
    assertThat(findings("scripts/test --no-such")).hasSize(1);
    assertThat(findings("scripts/test --fast EpochTest")).isEmpty();
  }
}
