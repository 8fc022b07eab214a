package io.ashlar.cli;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Markdown page of the repository, as its tests read it.
 *
 * @param file where it is, or would be.
 * @param text all of it.
 */
record Page(Path file, String text) {
  /** The folder that holds the whole repository. */
  static final Path ROOT =
      Path.of(System.getProperty("ashlar.basedir")).resolve("../..").normalize();

  private static final Set<String> SKIPPED = Set.of("target", ".git", "resources");
  private static final Pattern FENCED =
      Pattern.compile(
          "^ {0,3}```(\\w*)[^\\n]*\\n(.*?)^ {0,3}```$", Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern INDENTED = Pattern.compile("(?m)(?:^\\n|\\A)((?:^ {4}.*\\n)+)");
  private static final Pattern INLINE = Pattern.compile("`([^`\\n]+)`");
  private static final Pattern COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *$");
  private static final Pattern LINK =
      Pattern.compile("\\]\\(([^)\\s]+)\\)|(?:href|src|srcset)=\"([^\"\\s]+)\"");

  /** Reads one page, by its path from the root of the repository. */
  static Page of(String path) throws IOException {
    Path file = ROOT.resolve(path);
    return new Page(file, Files.readString(file));
  }

  /** Reads every page of the repository. */
  static List<Page> all() throws IOException {
    List<Page> pages = new ArrayList<>();
    Files.walkFileTree(
        ROOT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return SKIPPED.contains(folder.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (file.toString().endsWith(".md")) {
              pages.add(new Page(file, Files.readString(file)));
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return pages;
  }

  /** Returns the page's path from the root of the repository. */
  String path() {
    return ROOT.relativize(file).toString();
  }

  /** Returns the blocks of code of a language; all of them for the empty string. */
  List<String> blocks(String language) {
    List<String> blocks = new ArrayList<>();
    Matcher fenced = FENCED.matcher(text);
    while (fenced.find()) {
      if (language.isEmpty() || fenced.group(1).equals(language)) {
        blocks.add(fenced.group(2));
      }
    }
    return blocks;
  }

  /** Returns every line and piece of code: of blocks, and of what stands between backticks. */
  List<String> code() {
    List<String> code = new ArrayList<>();
    for (String block : blocks("")) {
      code.addAll(block.lines().toList());
    }
    String rest = FENCED.matcher(text).replaceAll("\n");
    Matcher indented = INDENTED.matcher(rest);
    while (indented.find()) {
      code.addAll(indented.group(1).lines().toList());
    }
    Matcher inline = INLINE.matcher(rest);
    while (inline.find()) {
      code.add(inline.group(1));
    }
    return code.stream().map(String::strip).toList();
  }

  /** Returns the page without blocks of code and comments. */
  String prose() {
    String prose = COMMENT.matcher(FENCED.matcher(text).replaceAll("\n")).replaceAll("");
    return INDENTED.matcher(prose).replaceAll("\n");
  }

  /** Returns where the page's links and pictures lead. */
  List<String> links() {
    List<String> links = new ArrayList<>();
    Matcher link = LINK.matcher(INLINE.matcher(prose()).replaceAll("code"));
    while (link.find()) {
      links.add(link.group(1) == null ? link.group(2) : link.group(1));
    }
    return links;
  }

  /** Returns the anchors of the page's headings, as GitHub makes them. */
  Set<String> anchors() {
    Map<String, Integer> seen = new HashMap<>();
    Set<String> anchors = new HashSet<>();
    Matcher heading = HEADING.matcher(FENCED.matcher(text).replaceAll("\n"));
    while (heading.find()) {
      String words = heading.group(1).replaceAll("\\[([^\\]]*)\\]\\([^)]*\\)", "$1");
      String anchor =
          words.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
      int count = seen.merge(anchor, 1, Integer::sum);
      anchors.add(count == 1 ? anchor : anchor + "-" + (count - 1));
    }
    return anchors;
  }
}
