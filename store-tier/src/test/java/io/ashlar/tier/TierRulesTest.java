package io.ashlar.tier;

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
 * Every rule of {@code store-tier/PROTOCOL.md} is cited by the class that keeps it and by a test,
 * and no rule is cited that has no heading there. The core's rules, L1 and on, have a test there.
 */
class TierRulesTest {

  private static final Path BASE = Path.of(System.getProperty("ashlar.basedir"));
  private static final Pattern HEADING = Pattern.compile("^### (\\w+): ", Pattern.MULTILINE);
  private static final Pattern CITED = Pattern.compile("\\b[IENUR][1-9]\\b");

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Set<String> rules() {
    Set<String> rules = new TreeSet<>();
    Matcher heading = HEADING.matcher(read(BASE.resolve("PROTOCOL.md")));
    while (heading.find()) {
      assertThat(rules.add(heading.group(1))).as(heading.group()).isTrue();
    }
    return rules;
  }

  private static Set<String> cited(String root) throws IOException {
    Set<String> found = new TreeSet<>();
    try (Stream<Path> files = Files.walk(BASE.resolve(root))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        if (!file.endsWith("TierRulesTest.java")) {
          Matcher rule = CITED.matcher(read(file));
          while (rule.find()) {
            found.add(rule.group());
          }
        }
      }
    }
    return found;
  }

  @Test
  void shouldCiteEveryRuleWhereItIsKept() throws IOException {
    assertThat(rules()).contains("I1", "R5");
    assertThat(cited("src/main/java")).isEqualTo(rules());
  }

  @Test
  void shouldTestEveryRule() throws IOException {
    assertThat(cited("src/test/java")).isEqualTo(rules());
  }
}
