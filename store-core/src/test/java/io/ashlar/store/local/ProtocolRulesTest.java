package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every rule of {@code store-core/PROTOCOL.md} is cited where the code keeps it, in an assertion
 * where a compare can see that it is kept, and in a test that holds the store to it. No rule is
 * cited that has no heading there.
 */
class ProtocolRulesTest {

  private static final Path BASE = Path.of(System.getProperty("ashlar.basedir"));

  /** Such as "### L2: A freed extent waits for a mark", or "### L8 and L9: vacant". */
  private static final Pattern HEADING =
      Pattern.compile("^### (L\\d+(?: and L\\d+)*): (.+)$", Pattern.MULTILINE);

  /** Rules whose breach a compare sees at the place that could break them. */
  private static final Set<Integer> ASSERTED = Set.of(1, 2, 5, 7, 10, 11, 12, 14, 17, 19, 32);

  private static final Pattern CITED = Pattern.compile("\\bL(\\d+)\\b");
  private static final Pattern ASSERTION =
      Pattern.compile("\\bassert\\b[^;]*\"L(\\d+)\\b[^;]*;", Pattern.DOTALL);

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

  /** Returns the rules that have a heading: those that are vacant, or those that are not. */
  private static Set<Integer> rules(boolean vacant) {
    Set<Integer> rules = new TreeSet<>();
    Matcher heading = HEADING.matcher(read(BASE.resolve("PROTOCOL.md")));
    while (heading.find()) {
      if (heading.group(2).equals("vacant") == vacant) {
        Matcher rule = CITED.matcher(heading.group(1));
        while (rule.find()) {
          boolean first = rules.add(Integer.valueOf(rule.group(1)));
          assertThat(first).as("the heading of L%s comes once", rule.group(1)).isTrue();
        }
      }
    }
    return rules;
  }

  @Test
  void shouldDescribeEveryRule() {
    assertThat(rules(true)).containsExactly(8, 9, 25);
    assertThat(rules(false)).hasSize(34 - 3).contains(1, 34);
  }

  @Test
  void shouldCiteEveryRuleWhereItIsKept() throws IOException {
    assertThat(cited(CITED, BASE.resolve("src/main/java"))).containsAll(rules(false));
  }

  @Test
  void shouldAssertEveryRuleThatACompareSees() throws IOException {
    assertThat(cited(ASSERTION, BASE.resolve("src/main/java"))).containsAll(ASSERTED);
  }

  @Test
  void shouldTestEveryRule() throws IOException {
    Path tier = BASE.resolveSibling("store-tier/src/test/java"); // L30 is the tier's to keep
    assertThat(cited(CITED, BASE.resolve("src/test/java"), tier)).containsAll(rules(false));
  }

  @Test
  void shouldCiteNoRuleThatDoesNotExist() throws IOException {
    Path tier = BASE.resolveSibling("store-tier");
    Set<Integer> kept = cited(CITED, BASE.resolve("src/main/java"), tier.resolve("src/main/java"));
    Set<Integer> tested =
        cited(CITED, BASE.resolve("src/test/java"), tier.resolve("src/test/java"));
    Set<Integer> rules = rules(false);
    assertThat(rules).containsAll(kept);
    rules.addAll(rules(true));
    assertThat(rules).containsAll(tested);
  }
}
