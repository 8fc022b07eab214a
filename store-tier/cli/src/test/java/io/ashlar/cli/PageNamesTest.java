package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Classes, methods and settings that the README, the guides and the protocols name are names in the
 * sources, and the README has the promises of the protocol.
 */
class PageNamesTest {
  private static final List<String> PAGES =
      List.of(
          "README.md",
          "native/README.md",
          "store-core/README.md",
          "store-tier/README.md",
          "store-core/PROTOCOL.md",
          "store-tier/PROTOCOL.md");

  /** A name of at least two words, such as poolBytes, BlobReads or awaitTiered. */
  private static final Pattern NAME = Pattern.compile("(?<!-)\\b[A-Za-z]+[a-z0-9][A-Z]\\w*\\b");

  private static final Pattern WORD = Pattern.compile("\\w+");
  private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
  private static final Pattern PROMISE = Pattern.compile("(?m)^\\| \\**(G\\d+)\\** \\| (.+) \\|$");

  private static Set<String> names() throws IOException {
    Set<String> names = new HashSet<>();
    for (String module : List.of("native", "store-core", "store-tier", "store-tier/cli")) {
      try (Stream<Path> files = Files.walk(Page.ROOT.resolve(module).resolve("src"))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          Matcher word = WORD.matcher(Files.readString(file));
          while (word.find()) {
            names.add(word.group());
          }
        }
      }
    }
    return names;
  }

  /** Returns the names in a page's code that no source has. */
  private static List<String> unknown(Page page, Set<String> names) {
    List<String> unknown = new ArrayList<>();
    Matcher code = CODE.matcher(page.prose());
    while (code.find()) {
      Matcher name = NAME.matcher(code.group(1));
      while (name.find()) {
        if (!names.contains(name.group())) {
          unknown.add(page.path() + ": " + name.group());
        }
      }
    }
    return unknown;
  }

  private static List<String> promises(Page page) {
    List<String> promises = new ArrayList<>();
    Matcher promise = PROMISE.matcher(page.text());
    while (promise.find()) {
      promises.add(promise.group(1));
    }
    return promises;
  }

  @Test
  void shouldBeInTheSources() throws IOException {
    Set<String> names = names();
    List<String> unknown = new ArrayList<>();
    for (String path : PAGES) {
      unknown.addAll(unknown(Page.of(path), names));
    }
    assertThat(unknown).isEmpty();
  }

  @Test
  void shouldNoticeANameThatNoSourceHas() throws IOException {
    String gone = "was" + "Removed"; // in two pieces, so that this source does not have it
    Page page =
        new Page(
            Page.ROOT.resolve("x.md"), "See `poolBytes`, `" + gone + "()` and plain " + gone + ".");
    assertThat(unknown(page, names())).containsExactly("x.md: " + gone);
  }

  @Test
  void shouldPromiseWhatTheProtocolPromises() throws IOException {
    List<String> promises = promises(Page.of("store-core/PROTOCOL.md"));
    assertThat(promises).hasSize(13).startsWith("G1").endsWith("G13");
    assertThat(promises(Page.of("README.md"))).isEqualTo(promises);
  }
}
