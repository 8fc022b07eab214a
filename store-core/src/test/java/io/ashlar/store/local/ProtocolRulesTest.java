package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every rule of the commit protocol is cited where the code keeps it, in an assertion where a
 * compare can see that it is kept, and in a test that holds the store to it.
 */
class ProtocolRulesTest {

  private static final int RULES = 31;

  /** Rules that no code of this shape has to keep. */
  private static final Map<Integer, String> NOT_HERE =
      Map.of(
          8, "for abort records, which a failed write that poisons does without",
          9, "for abort records, likewise",
          25, "for several groups in flight; there is one");

  /** Rules whose breach a compare sees at the place that could break them. */
  private static final Set<Integer> ASSERTED = Set.of(1, 2, 5, 7, 10, 11, 12, 14, 17, 19);

  private static final Pattern CITED = Pattern.compile("\\bL(\\d+)\\b");
  private static final Pattern ASSERTION =
      Pattern.compile("\\bassert\\b[^;]*\"L(\\d+)\\b[^;]*;", Pattern.DOTALL);

  private static final Path BASE = Path.of(System.getProperty("ashlar.basedir"));

  private static Set<Integer> cited(Pattern pattern, Path... roots) throws IOException {
    Set<Integer> found = new TreeSet<>();
    for (Path root : roots) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          if (file.endsWith("ProtocolRulesTest.java")) {
            continue;
          }
          Matcher matcher = pattern.matcher(read(file));
          while (matcher.find()) {
            found.add(Integer.valueOf(matcher.group(1)));
          }
        }
      }
    }
    return found;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Integer> applicable() {
    List<Integer> rules = new ArrayList<>();
    for (int rule = 1; rule <= RULES; rule++) {
      if (!NOT_HERE.containsKey(rule)) {
        rules.add(rule);
      }
    }
    return rules;
  }

  @Test
  void shouldCiteEveryRuleWhereItIsKept() throws IOException {
    assertThat(cited(CITED, BASE.resolve("src/main/java"))).containsAll(applicable());
  }

  @Test
  void shouldAssertEveryRuleThatACompareSees() throws IOException {
    assertThat(cited(ASSERTION, BASE.resolve("src/main/java"))).containsAll(ASSERTED);
  }

  @Test
  void shouldTestEveryRule() throws IOException {
    Path tier = BASE.resolveSibling("store-tier/src/test/java"); // L30 is the tier's to keep
    assertThat(cited(CITED, BASE.resolve("src/test/java"), tier)).containsAll(applicable());
  }

  @Test
  void shouldCiteNoRuleThatDoesNotExist() throws IOException {
    Set<Integer> all = cited(CITED, BASE.resolve("src/main/java"), BASE.resolve("src/test/java"));
    assertThat(all).allMatch(rule -> rule >= 1 && rule <= RULES);
    assertThat(cited(CITED, BASE.resolve("src/main/java")))
        .doesNotContainAnyElementsOf(NOT_HERE.keySet());
  }
}
