package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.local.LocalBlobStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java examples of the README are the tests' sources, line by line, with their imports. */
class ReadmeTest {
  private static final String STORE =
      "store-core/src/test/java/io/ashlar/store/example/ReadmeExample.java";
  private static final String TIER =
      "store-tier/cli/src/test/java/io/ashlar/cli/ReadmeTierExample.java";

  /** Returns a source's lines between its marks, after those of its imports that they need. */
  private static List<String> example(List<String> source) {
    List<String> body =
        source
            .subList(indexOf(source, "// README begin") + 1, indexOf(source, "// README end"))
            .stream()
            .map(line -> line.replaceFirst("^ {4}", ""))
            .toList();
    String text = String.join("\n", body);
    List<String> example = new ArrayList<>();
    for (String line : source) {
      if (line.startsWith("import ")) {
        String name = line.substring(line.lastIndexOf('.') + 1, line.length() - 1);
        if (Pattern.compile("\\b" + name + "\\b").matcher(text).find()) {
          example.add(line);
        }
      } else if (line.isEmpty() && !example.isEmpty() && !example.getLast().isEmpty()) {
        example.add(line);
      }
    }
    example.addAll(body);
    return example;
  }

  private static int indexOf(List<String> lines, String text) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).strip().equals(text)) {
        return i;
      }
    }
    throw new AssertionError("no line " + text);
  }

  private static List<String> example(String path) throws IOException {
    return example(Files.readAllLines(Page.ROOT.resolve(path)));
  }

  @Test
  void shouldShowBothExamplesLineByLine() throws IOException {
    List<String> blocks = Page.of("README.md").blocks("java");
    assertThat(blocks).hasSize(2);
    assertThat(blocks.get(0).lines().toList()).isEqualTo(example(STORE));
    assertThat(blocks.get(1).lines().toList()).isEqualTo(example(TIER));
  }

  @Test
  void shouldNameTheArtifactAndTheFlags() throws IOException {
    Page readme = Page.of("README.md");
    String pom = Page.of("store-tier/pom.xml").text();
    for (String element : List.of("groupId", "artifactId", "version")) {
      String shown = element(element, readme.blocks("xml").getFirst());
      String own = pom.replaceFirst("(?s)<parent>.*</parent>", "");
      String declared =
          element.equals("artifactId") ? element(element, own) : element(element, pom);
      assertThat(shown).as(element).isEqualTo(declared);
    }
    assertThat(readme.code()).contains(FreshProjectTest.CLASS_PATH_FLAG);
    String modules = FreshProjectTest.TIER_FLAG.replace(FreshProjectTest.STORE_FLAG + ",", "");
    assertThat(readme.code()).contains(modules, FreshProjectTest.STORE_FLAG.split("=", 2)[1]);
  }

  private static String element(String name, String xml) {
    return xml.replaceFirst("(?s).*?<" + name + ">([^<]*)</" + name + ">.*", "$1");
  }

  @Test
  void shouldTakeTheImportsThatTheLinesNeed() {
    List<String> source =
        """
        package a;

        import static b.C.D;

        import java.lang.String;
        import java.nio.file.Path;

        class X {
          void run(Path folder) {
            // README begin
            String s = D;
            // README end
          }
        }
        """
            .lines()
            .toList();
    assertThat(example(source))
        .containsExactly(
            "import static b.C.D;", "", "import java.lang.String;", "", "String s = D;");
  }

  @Test
  void shouldRunTheTierExample(@TempDir Path folder) {
    BlobId page = new BlobId(0, 42);
    byte[] value = {'h', 'e', 'l', 'l', 'o'};
    Path first = folder.resolve("store");
    Path copy = folder.resolve("copy");
    try (BlobStore store = LocalBlobStore.builder(first).open();
        Epoch epoch = store.beginEpoch()) {
      epoch.put(page, MemorySegment.ofArray(value));
      epoch.commit();
    }
    MemorySegment target = MemorySegment.ofArray(new byte[value.length]);
    ReadmeTierExample.run(first, copy, "file:" + folder.resolve("objects"), page, target);
    assertThat(target.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(value);
    try (BlobStore store = LocalBlobStore.builder(copy).open();
        BlobLease lease = store.get(page)) {
      assertThat(lease).isNotNull();
      assertThat(lease.value().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(value);
    }
  }
}
