package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Every decision record has a number of its own among all modules, a status, and a row of the index
 * that says the same. A record that is amended or superseded names the later one, and that names
 * it.
 */
class DecisionRecordsTest {
  private static final String INDEX = "store-core/decisions/README.md";

  private static final Pattern PATH =
      Pattern.compile("(?:[\\w-]+/)*decisions/(\\d{4})-[\\w-]+\\.md");
  private static final Pattern HEAD =
      Pattern.compile(
          "# (\\d{4}): (.+)\\n\\n\\*\\*Status:\\*\\* (accepted|amended by|superseded by)(.*)\\n");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| \\[(\\d{4})\\]\\(([^)]+)\\) \\| \\w+ \\| (.+) \\| (.+) \\|$");
  private static final Pattern CITED = Pattern.compile("\\[(\\d{4})\\]\\(([^)]+)\\)");
  private static final Pattern BACK = Pattern.compile("\\b(Amends|Supersedes) \\[(\\d{4})\\]");

  /** What the head of a record says: "amended by 0033, 0034" for instance. */
  private record Head(String title, String status) {}

  private static Map<String, Page> records(List<String> findings) throws IOException {
    Map<String, Page> records = new TreeMap<>();
    for (Page page : Page.all()) {
      Matcher path = PATH.matcher(page.path());
      if (path.matches()) {
        Page other = records.put(path.group(1), page);
        if (other != null) {
          findings.add(page.path() + ": has the number of " + other.path());
        }
      }
    }
    return records;
  }

  private static Head head(String number, Page page, List<String> findings) {
    Matcher head = HEAD.matcher(page.text());
    if (!head.lookingAt() || !head.group(1).equals(number)) {
      findings.add(
          page.path() + ": begins with no heading \"# " + number + ": …\" and status line");
      return new Head("", "");
    }
    List<String> later = new ArrayList<>();
    Matcher cited = CITED.matcher(head.group(4).replaceFirst("\\. .*", ""));
    while (cited.find()) {
      later.add(cited.group(1));
    }
    if (head.group(3).equals("accepted") != later.isEmpty()) {
      findings.add(page.path() + ": \"by\" a record, or accepted: " + head.group(3) + later);
    }
    return new Head(head.group(2), (head.group(3) + " " + String.join(", ", later)).strip());
  }

  /** Returns what is wrong with a set of records and their index. */
  private static List<String> findings(Map<String, Page> records, Page index) {
    List<String> findings = new ArrayList<>();
    Map<String, Head> heads = new TreeMap<>();
    records.forEach((number, page) -> heads.put(number, head(number, page, findings)));
    heads.forEach((number, head) -> checkBack(number, head, records, findings));
    Map<String, Head> rows = new HashMap<>();
    Matcher row = ROW.matcher(index.text());
    while (row.find()) {
      Page page = records.get(row.group(1));
      if (page == null
          || !index.file().resolveSibling(row.group(2)).normalize().equals(page.file())) {
        findings.add(index.path() + ": no such record: " + row.group(1));
      }
      String status = CITED.matcher(row.group(4)).replaceAll("$1");
      rows.put(row.group(1), new Head(row.group(3), status));
    }
    heads.forEach((number, head) -> {
      if (!head.equals(rows.get(number))) {
        findings.add(index.path() + ": " + number + ": " + rows.get(number) + ", not " + head);
      }
    });
    return findings;
  }

  /** What a record says of a later one, that one says of it. */
  private static void checkBack(
      String number, Head head, Map<String, Page> records, List<String> findings) {
    String word = head.status().startsWith("superseded") ? "Supersedes" : "Amends";
    Matcher later = Pattern.compile("\\d{4}").matcher(head.status());
    while (later.find()) {
      Page page = records.get(later.group());
      boolean named = false;
      Matcher back = BACK.matcher(page == null ? "" : page.text());
      while (back.find()) {
        named |= back.group(1).equals(word) && back.group(2).equals(number);
      }
      if (!named || later.group().compareTo(number) == 0) {
        findings.add(
            number + ": " + later.group() + " does not say \"" + word + " " + number + "\"");
      }
    }
  }

  private static Page page(String path, String text) {
    return new Page(Page.ROOT.resolve(path), text);
  }

  @Test
  void shouldHaveANumberAStatusAndARowOfTheIndex() throws IOException {
    List<String> findings = new ArrayList<>();
    Map<String, Page> records = records(findings);
    findings.addAll(findings(records, Page.of(INDEX)));
    assertThat(findings).isEmpty();
    assertThat(records).hasSizeGreaterThanOrEqualTo(60);
  }

  @Test
  void shouldNoticeARecordWithoutStatusOrRow() {
    Map<String, Page> records =
        Map.of(
            "0001", page("a/decisions/0001-one.md", "# 0001: One\n\n**Context.** Why.\n"),
            "0002", page("a/decisions/0002-two.md", "# 0002: Two\n\n**Status:** accepted.\n"));
    Page index = page("a/decisions/README.md", "| [0001](0001-one.md) | a | One | accepted |\n");
    assertThat(findings(records, index))
        .hasSize(3)
        .anyMatch(finding -> finding.contains("0001-one.md: begins with no heading"))
        .anyMatch(finding -> finding.contains("0002: null"));
  }

  @Test
  void shouldNoticeALaterRecordThatDoesNotNameTheEarlierOne() {
    String one = "# 0001: One\n\n**Status:** amended by [0002](0002-two.md): longer.\n";
    Map<String, Page> records =
        Map.of(
            "0001", page("a/decisions/0001-one.md", one),
            "0002", page("a/decisions/0002-two.md", "# 0002: Two\n\n**Status:** accepted.\n"));
    Page index =
        page(
            "a/decisions/README.md",
            """
            | [0001](0001-one.md) | a | One | amended by [0002](0002-two.md) |
            | [0002](0002-two.md) | a | Two | accepted |
            """);
    assertThat(findings(records, index)).containsExactly("0001: 0002 does not say \"Amends 0001\"");
  }

  @Test
  void shouldNoticeAnIndexThatSaysSomethingElse() {
    Map<String, Page> records =
        Map.of("0002", page("a/decisions/0002-two.md", "# 0002: Two\n\n**Status:** accepted.\n"));
    Page index =
        page(
            "a/decisions/README.md",
            """
            | [0002](0002-two.md) | a | Three | accepted |
            | [0009](0009-nine.md) | a | Nine | accepted |
            """);
    assertThat(findings(records, index))
        .hasSize(2)
        .anyMatch(finding -> finding.contains("no such record: 0009"))
        .anyMatch(finding -> finding.contains("title=Three"));
  }
}
