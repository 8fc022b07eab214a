package io.ashlar.store.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeExampleTest {

  private static final Path BASE = Path.of(System.getProperty("ashlar.basedir"));

  @Test
  void shouldRunAsTheReadmeShowsIt(@TempDir Path folder) {
    assertThat(ReadmeExample.run(folder)).isEqualTo("hello");
  }

  @Test
  void shouldStandInTheReadmeLineByLine() throws IOException {
    List<String> source =
        Files.readAllLines(
            BASE.resolve("src/test/java/io/ashlar/store/example/ReadmeExample.java"));
    List<String> example =
        source
            .subList(indexOf(source, "// README begin") + 1, indexOf(source, "// README end"))
            .stream()
            .map(String::strip)
            .toList();
    List<String> readme =
        Files.readAllLines(BASE.resolve("../README.md")).stream().map(String::strip).toList();
    int start = readme.indexOf("```java");
    assertThat(start).isPositive();
    List<String> block = readme.subList(start + 1, start + 1 + example.size());
    assertThat(block).isEqualTo(example);
    assertThat(readme.get(start + 1 + example.size())).isEqualTo("```");
  }

  private static int indexOf(List<String> lines, String text) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).strip().equals(text)) {
        return i;
      }
    }
    throw new AssertionError("no line " + text);
  }
}
