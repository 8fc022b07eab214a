package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * How long pages and their sentences are, and where measured figures stand: in tables that a
 * command writes between marks, or in the history of the results.
 */
class PageProseTest {
  private static final int SENTENCE_WORDS_MAX = 25;
  private static final int PARENTHESIS_WORDS_MAX = 8;

  private static final Map<String, Integer> LINES_MAX =
      Map.of(
          "README.md", 150,
          "native/README.md", 300,
          "store-core/README.md", 300,
          "store-tier/README.md", 300,
          "jmh/RESULTS.md", 500,
          "store-core/PROTOCOL.md", 400,
          "store-tier/PROTOCOL.md", 400);

  private static final Pattern PARENTHESIS = Pattern.compile("\\(([^()]*)\\)");
  private static final Pattern FIGURES =
      Pattern.compile("(?s)<!-- figures: [\\w -]+ -->.*?<!-- end -->");

  /** A measured figure: a time, a rate, or a ratio. */
  private static final Pattern MEASURED =
      Pattern.compile("\\d[\\d.,]*\\s?(?:µs|us|ms|MB/s|GB/s|k/s|×\\s|times )");

  /** Returns a page's paragraphs, list items and table cells, without markup. */
  private static List<String> pieces(Page page) {
    String text =
        new Page(page.file(), FIGURES.matcher(page.text()).replaceAll(""))
            .prose()
            .replaceAll("(?m)^#+ .*$|^\\|[-| :]+\\|$|^ *<[^>]*>.*$", "\n")
            .replaceAll("!?\\[([^\\]]*)\\]\\([^)]*\\)", "$1")
            .replaceAll("`[^`\\n]*`", "code")
            .replaceAll("[*_]{1,2}(?=\\S)|(?<=\\S)[*_]{1,2}", "");
    List<String> pieces = new ArrayList<>();
    for (String block : text.split("\\n\\s*\\n|\\n(?=\\s*(?:[*-]|\\d+\\.) )|\\n(?=\\|)", -1)) {
      String line = block.replaceAll("\\s+", " ").strip().replaceFirst("^(?:[*-]|\\d+\\.) ", "");
      if (line.startsWith("|")) {
        pieces.addAll(List.of(line.split("\\|")));
      } else {
        pieces.add(line);
      }
    }
    return pieces.stream().map(String::strip).filter(piece -> !piece.isEmpty()).toList();
  }

  private static long words(String text) {
    return text.isBlank() ? 0 : Pattern.compile("\\s+").splitAsStream(text.strip()).count();
  }

  /** Returns the sentences and parentheses of a page that are too long. */
  private static List<String> tooLong(Page page) {
    List<String> found = new ArrayList<>();
    for (String piece : pieces(page)) {
      for (String sentence : piece.split("(?<=[.!?])\\s+", -1)) {
        if (words(sentence) > SENTENCE_WORDS_MAX) {
          found.add(words(sentence) + " words: " + sentence);
        }
      }
      Matcher parenthesis = PARENTHESIS.matcher(piece);
      while (parenthesis.find()) {
        if (words(parenthesis.group(1)) > PARENTHESIS_WORDS_MAX) {
          found.add("parenthesis: " + parenthesis.group());
        }
      }
    }
    return found;
  }

  /** Returns the measured figures of a page that no command writes. */
  private static List<String> measured(String text) {
    List<String> found = new ArrayList<>();
    String rest = FIGURES.matcher(text).replaceAll("").replaceFirst("(?s)\\n## History\\n.*", "");
    Matcher figure = MEASURED.matcher(rest);
    while (figure.find()) {
      found.add(figure.group());
    }
    return found;
  }

  @Test
  void shouldBeOfALengthThatIsRead() throws IOException {
    List<String> found = new ArrayList<>();
    for (Map.Entry<String, Integer> page : LINES_MAX.entrySet()) {
      long lines = Page.of(page.getKey()).text().lines().count();
      if (lines > page.getValue()) {
        found.add(page.getKey() + ": " + lines + " lines, at most " + page.getValue());
      }
    }
    assertThat(found).isEmpty();
  }

  @Test
  void shouldHaveShortSentencesAndParentheses() throws IOException {
    List<String> found = new ArrayList<>();
    for (String path : LINES_MAX.keySet()) {
      tooLong(Page.of(path)).forEach(what -> found.add(path + ": " + what));
    }
    assertThat(found).isEmpty();
  }

  @Test
  void shouldHaveMeasuredFiguresOnlyInTablesThatACommandWrites() throws IOException {
    assertThat(measured(Page.of("README.md").text())).isEmpty();
    assertThat(measured(Page.of("jmh/RESULTS.md").text())).isEmpty();
  }

  @Test
  void shouldEndEveryTableThatACommandWrites() throws IOException {
    for (String path : List.of("README.md", "jmh/RESULTS.md")) {
      String text = Page.of(path).text();
      String rest = FIGURES.matcher(text).replaceAll("");
      assertThat(rest).as(path).doesNotContain("<!-- figures").doesNotContain("<!-- end");
    }
    assertThat(Page.of("jmh/RESULTS.md").text()).containsPattern(FIGURES);
  }

  @Test
  void shouldNoticeLongSentencesAndParentheses() {
    String sentence = "word ".repeat(25) + "end.";
    Page page =
        new Page(
            Page.ROOT.resolve("x.md"),
            "# Heading "
                + "word ".repeat(30)
                + "\n\nShort. "
                + sentence
                + "\n\n* Item (one two three four five six seven eight nine).\n\n| a | "
                + sentence
                + " |\n\n```\n"
                + sentence
                + "\n```\n\nA [link "
                + "word ".repeat(20)
                + "](gone.md) is words.\n");
    assertThat(tooLong(page))
        .hasSize(3)
        .allMatch(
            what -> what.startsWith("26 words: word") || what.startsWith("parenthesis: (one"));
  }

  @Test
  void shouldNoticeAFigureInProse() {
    String table = "<!-- figures: commit -->\n| 250 µs |\n<!-- end -->\n";
    assertThat(measured(table + "It takes 250 µs, 1.5 times as long.\n## History\n3 ms\n"))
        .containsExactly("250 µs", "1.5 times ");
  }
}
