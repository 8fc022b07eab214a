package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Every link and picture of every page leads to a file of the repository, and to a heading of it.
 */
class PageLinksTest {

  /** Returns the links of a page that lead nowhere. Other sites are not asked. */
  private static List<String> broken(Page page) throws IOException {
    List<String> broken = new ArrayList<>();
    for (String link : page.links()) {
      if (link.startsWith("https://")) {
        if (URI.create(link).getHost() == null) {
          broken.add(link);
        }
        continue;
      }
      int hash = link.indexOf('#');
      String path = hash < 0 ? link : link.substring(0, hash);
      Path target = path.isEmpty() ? page.file() : page.file().resolveSibling(path).normalize();
      boolean inside = target.startsWith(Page.ROOT) && Files.exists(target);
      if (!inside || (hash >= 0 && !hasAnchor(page, target, link.substring(hash + 1)))) {
        broken.add(link);
      }
    }
    return broken;
  }

  private static boolean hasAnchor(Page page, Path target, String anchor) throws IOException {
    if (Files.isDirectory(target)) {
      return false;
    }
    Page other = target.equals(page.file()) ? page : new Page(target, Files.readString(target));
    return other.anchors().contains(anchor);
  }

  @Test
  void shouldLeadSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Page page : Page.all()) {
      broken(page).forEach(link -> broken.add(page.path() + ": " + link));
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void shouldReadPagesOfEveryModule() throws IOException {
    assertThat(Page.all())
        .extracting(Page::path)
        .contains("README.md", "store-core/PROTOCOL.md", "store-tier/PROTOCOL.md");
  }

  @Test
  void shouldNoticeALinkThatLeadsNowhere() throws IOException {
    Page page =
        new Page(
            Page.ROOT.resolve("README.md"),
            """
            # One `thing` (and more)
            [here](#one-thing-and-more), [not here](#another), [a file](pom.xml), [none](gone.md),
            [out](../outside.md), [site](https://example.org/x), [no site](https:///x),
            [a rule](store-core/PROTOCOL.md#l2-a-freed-extent-waits-for-a-mark),
            [no rule](store-core/PROTOCOL.md#l99), `[code](code.md)`
            <img src="gone.svg" alt="">
            """);
    assertThat(broken(page))
        .containsExactly(
            "#another",
            "gone.md",
            "../outside.md",
            "https:///x",
            "store-core/PROTOCOL.md#l99",
            "gone.svg");
  }
}
