package io.ashlar.tier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BatchCommandTest {
  private static final Path FIXTURES =
      Path.of(System.getProperty("ashlar.basedir", "."), "src/test/resources/lcb1");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;

  static Stream<JsonNode> fixtures() throws IOException {
    List<JsonNode> fixtures = new ArrayList<>();
    JSON.readTree(FIXTURES.resolve("index.json").toFile()).get("fixtures").forEach(fixtures::add);
    return fixtures.stream();
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void shouldListEveryWellFormedFixtureAndRefuseEveryOther(JsonNode fixture) throws IOException {
    Path file = file(fixture);
    CommandRun run = CommandRun.of("batch", "ls", file);
    if (!fixture.get("expected").asText().startsWith("OK")) {
      assertThat(run.code()).isEqualTo(AshlarCommand.ERROR);
      assertThat(run.out()).isEmpty();
      assertThat(run.err().lines()).hasSize(1);
      assertThat(run.err()).startsWith("error: ").contains("" + file.getFileName());
      return;
    }
    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    List<String> expected = new ArrayList<>();
    for (JsonNode entry : fixture.get("entries")) {
      expected.add(
          "{\"key_hex\":\""
              + entry.get("key_utf8_hex").asText()
              + "\",\"length\":"
              + entry.get("len").asText()
              + ",\"crc32c\":\""
              + entry.get("crc32c").asText()
              + "\"}");
    }
    assertThat(run.lines()).isEqualTo(expected);
  }

  @Test
  void shouldSayWhatIsWrongWithThePlace() {
    for (Path place : List.of(temp, temp.resolve("missing"))) {
      CommandRun run = CommandRun.of("batch", "ls", place);
      assertThat(run.code()).isEqualTo(AshlarCommand.ERROR);
      assertThat(run.err()).startsWith("error: ").contains("path=" + place);
    }
  }

  private static Path file(JsonNode fixture) throws IOException {
    String name = fixture.get("file").asText();
    try (Stream<Path> files = Files.walk(FIXTURES)) {
      return files.filter(path -> path.endsWith(name)).findFirst().orElseThrow();
    }
  }
}
