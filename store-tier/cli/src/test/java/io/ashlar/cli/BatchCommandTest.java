package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchEncoder;
import io.ashlar.tier.batch.FramedBatchEncoder;
import io.ashlar.tier.batch.FramedHeader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BatchCommandTest {
  private static final Path FIXTURES =
      Path.of(System.getProperty("ashlar.basedir", "."), "../src/test/resources/lcb1");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final UUID ID = UUID.fromString("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");

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
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
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
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err()).startsWith("error: ").contains("path=" + place);
    }
  }

  /** A file of version 3 with small entries, a split one and an empty one. */
  private Path framed() throws IOException {
    Path file = temp.resolve("v3");
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      byte[] noise = new byte[200];
      new Random(1).nextBytes(noise);
      add(encoder, "a", noise);
      add(encoder, "large", new byte[1_500_000]);
      add(encoder, "a", new byte[0]);
      MemorySegment object = encoder.encode(new FramedHeader(0, 7, ID, 1_700_000_000_000L));
      Files.write(file, object.toArray(ValueLayout.JAVA_BYTE));
    }
    return file;
  }

  private static void add(FramedBatchEncoder encoder, String key, byte[] data) {
    encoder.add(
        MemorySegment.ofArray(key.getBytes(StandardCharsets.UTF_8)), MemorySegment.ofArray(data));
  }

  @Test
  void shouldListFramesAndRatiosOfVersion3() throws IOException {
    CommandRun run = CommandRun.of("batch", "ls", framed());
    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : run.lines()) {
      lines.add(JSON.readTree(line));
    }
    JsonNode summary = lines.getFirst();
    assertThat(summary.get("version").asInt()).isEqualTo(3);
    assertThat(summary.get("id").asText()).isEqualTo(ID.toString());
    assertThat(summary.get("epoch").asLong()).isEqualTo(7);
    assertThat(summary.get("entries").asLong()).isEqualTo(3);
    assertThat(summary.get("frames").asLong()).isEqualTo(4);
    assertThat(summary.get("raw").asLong()).isEqualTo(209 + 1_500_013 + 9);
    assertThat(summary.get("bytes").asLong()).isEqualTo(Files.size(temp.resolve("v3")));
    assertThat(summary.get("ratio").asDouble()).isGreaterThan(100);
    List<String> kinds =
        lines.subList(1, lines.size()).stream()
            .map(line ->
                line.has("frame")
                    ? line.get("frame").asText() + line.get("codec").asText()
                    : line.get("length").asText())
            .toList();
    assertThat(kinds).containsExactly("0raw", "200", "1lz4", "1500000", "2lz4", "3raw", "0");
    assertThat(lines.get(1).get("offset").asLong()).isEqualTo(64);
    assertThat(lines.get(1).get("bytes").asLong()).isEqualTo(209 + 16);
    assertThat(lines.get(1).get("ratio").asDouble()).isEqualTo(0.93);
  }

  @Test
  void shouldConvertThereAndBack() throws IOException {
    Path v3 = framed();
    CommandRun down = CommandRun.of("batch", "convert", v3, temp.resolve("v2"), "--format", "v2");
    assertThat(down.code()).as(down.err()).isZero();
    assertThat(down.out()).contains("converted 3 entries from version 3 to 2");
    assertThat(down.err()).contains("does not keep").contains(ID.toString());
    CommandRun up =
        CommandRun.of("batch", "convert", temp.resolve("v2"), temp.resolve("again"), "--format=V3");
    assertThat(up.code()).as(up.err()).isZero();
    assertThat(up.err()).isEmpty();
    List<String> entries = entries(v3);
    assertThat(entries).hasSize(3);
    assertThat(entries(temp.resolve("v2"))).isEqualTo(entries);
    assertThat(entries(temp.resolve("again"))).isEqualTo(entries);
    // The same version keeps what the header says.
    CommandRun same = CommandRun.of("batch", "convert", v3, temp.resolve("same"), "--format", "v3");
    assertThat(same.code()).isZero();
    assertThat(temp.resolve("same")).hasSameBinaryContentAs(v3);
  }

  private static List<String> entries(Path file) {
    return CommandRun.of("batch", "ls", file).lines().stream()
        .filter(line -> line.contains("key_hex"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  @Tag("campaign")
  void shouldConvertEveryWellFormedFixtureToVersion3(JsonNode fixture) throws IOException {
    Path file = file(fixture);
    Path v3 = temp.resolve("converted");
    CommandRun run = CommandRun.of("batch", "convert", file, v3, "--format", "v3");
    if (fixture.get("expected").asText().startsWith("OK")) {
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(entries(v3)).isEqualTo(CommandRun.of("batch", "ls", file).lines());
    } else {
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err()).startsWith("error: ").contains("" + file.getFileName());
      assertThat(temp).isEmptyDirectory();
    }
  }

  @Test
  void shouldRefuseWhatTheOtherVersionCannotHoldAndLeaveNothing() throws IOException {
    Path v2 = temp.resolve("v2");
    try (BatchEncoder encoder = new BatchCodec().newEncoder()) {
      encoder.add(MemorySegment.ofArray(new byte[65_536]), MemorySegment.ofArray(new byte[1]));
      Files.write(v2, encoder.encode().toArray(ValueLayout.JAVA_BYTE));
      CommandRun run = CommandRun.of("batch", "convert", v2, temp.resolve("out"), "--format", "v3");
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err())
          .startsWith("error: version 3 cannot hold this batch")
          .contains("length=65536, max=65535")
          .contains("path=" + v2);
      encoder.clear();
      for (int i = 0; i < 2; i++) {
        encoder.add(MemorySegment.ofArray(new byte[1]), MemorySegment.ofArray(new byte[40 << 20]));
      }
      Files.write(v2, encoder.encode().toArray(ValueLayout.JAVA_BYTE));
      run = CommandRun.of("batch", "convert", v2, temp.resolve("out"), "--format", "v3");
      assertThat(run.code()).isEqualTo(ExitCode.ERROR);
      assertThat(run.err()).contains("body of several entries").contains("max=67108864");
    }
    try (Stream<Path> files = Files.list(temp)) {
      assertThat(files).containsExactly(v2);
    }
  }

  @Test
  void shouldNotOverwriteAndNeedAFormat() throws IOException {
    Path v3 = framed();
    CommandRun run = CommandRun.of("batch", "convert", v3, v3, "--format", "v2");
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).contains("already exists: path=" + v3);
    run = CommandRun.of("batch", "convert", v3, temp.resolve("out"));
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).contains("--format");
    assertThat(temp.resolve("out")).doesNotExist();
  }

  @Test
  void shouldRefuseADamagedFileAndSalvageItWhenAsked() throws IOException {
    byte[] bytes = Files.readAllBytes(framed());
    Path damaged = temp.resolve("damaged");
    bytes[bytes.length - 1] = 1;
    Files.write(damaged, bytes);
    Path out = temp.resolve("out");
    CommandRun run = CommandRun.of("batch", "convert", damaged, out, "--format", "v3");
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).contains("footer magic").contains("path=" + damaged);
    run = CommandRun.of("batch", "convert", damaged, out, "--format", "v3", "--salvage");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).contains("no entry was lost");
    assertThat(out).hasSameBinaryContentAs(temp.resolve("v3"));

    bytes[100] ^= 1;
    Files.write(damaged, bytes);
    Path part = temp.resolve("part");
    run = CommandRun.of("batch", "convert", damaged, part, "--format", "v2", "--salvage");
    assertThat(run.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(run.err()).contains("entries lost: 1");
    assertThat(entries(part)).isEqualTo(entries(out).subList(1, 3));

    Files.write(damaged, new byte[500]);
    run =
        CommandRun.of(
            "batch", "convert", damaged, temp.resolve("none"), "--format", "v2", "--salvage");
    assertThat(run.code()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).contains("nothing to salvage").contains("path=" + damaged);
  }

  private static Path file(JsonNode fixture) throws IOException {
    String name = fixture.get("file").asText();
    try (Stream<Path> files = Files.walk(FIXTURES)) {
      return files.filter(path -> path.endsWith(name)).findFirst().orElseThrow();
    }
  }
}
