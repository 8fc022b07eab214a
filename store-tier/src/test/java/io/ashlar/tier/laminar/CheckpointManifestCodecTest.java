package io.ashlar.tier.laminar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.laminar.CheckpointManifest.OperatorSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.PartitionSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.SourceOffsetEntry;
import io.ashlar.tier.laminar.CheckpointManifest.Sources;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointManifestCodecTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final CheckpointId ID = CheckpointId.parse("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");

  private static byte[] fixture(String name) throws IOException {
    try (InputStream stream =
        CheckpointManifestCodecTest.class.getResourceAsStream("/laminar/" + name)) {
      return Objects.requireNonNull(stream, name).readAllBytes();
    }
  }

  private static CheckpointManifest decode(String json) {
    return CheckpointManifestCodec.decode(json.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(byte[] json) {
    return new String(json, StandardCharsets.UTF_8);
  }

  @Test
  void shouldReadTheFullFixtureAndWriteItBackByteForByte() throws IOException {
    byte[] json = fixture("manifest-full.json");
    CheckpointManifest manifest = CheckpointManifestCodec.decode(json);

    assertThat(manifest)
        .isEqualTo(
            new CheckpointManifest(
                ID,
                10,
                1_763_661_600_000L,
                Map.of(
                    "window-agg",
                    new OperatorSnapshotEntry(
                        List.of(
                            new PartitionSnapshotEntry(
                                0,
                                false,
                                "operators/window-agg/partition-0.snap",
                                1024,
                                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
                            new PartitionSnapshotEntry(
                                1, true, "operators/window-agg/partition-1.delta", 256, null)),
                        1280)),
                new Sources(
                    Map.of(
                        "kafka-trades",
                        new SourceOffsetEntry(
                            "kafka", Map.of("partition-0", "1234", "partition-1", "5678"), 10)),
                    -5000L),
                CheckpointId.parse("0192f3a1-0000-7000-8000-000000000001"),
                1280));
    assertThat(text(CheckpointManifestCodec.encode(manifest))).isEqualTo(text(json));
  }

  @Test
  void shouldReadMissingFieldsAsEmptyZeroOrNull() throws IOException {
    CheckpointManifest manifest = CheckpointManifestCodec.decode(fixture("manifest-minimal.json"));
    assertThat(manifest)
        .isEqualTo(new CheckpointManifest(ID, 1, 1000, Map.of(), Sources.NONE, null, 0));
    assertThat(decode(text(CheckpointManifestCodec.encode(manifest)))).isEqualTo(manifest);
  }

  @Test
  void shouldKeepTheGreatestEpochExactly() throws IOException {
    CheckpointManifest manifest =
        CheckpointManifestCodec.decode(fixture("manifest-epoch-u64-max.json"));
    assertThat(Long.toUnsignedString(manifest.epoch())).isEqualTo("18446744073709551615");
    assertThat(text(CheckpointManifestCodec.encode(manifest)))
        .contains("\"epoch\": 18446744073709551615,");
  }

  @Test
  void shouldIgnoreUnknownFieldsAtEveryLevel() throws IOException {
    ObjectNode root = (ObjectNode) JSON.readTree(fixture("manifest-full.json"));
    CheckpointManifest plain = CheckpointManifestCodec.decode(JSON.writeValueAsBytes(root));
    addUnknown(root);
    addUnknown((ObjectNode) root.at("/operators/window-agg"));
    addUnknown((ObjectNode) root.at("/operators/window-agg/partitions/0"));
    addUnknown((ObjectNode) root.at("/source_offsets/kafka-trades"));
    assertThat(CheckpointManifestCodec.decode(JSON.writeValueAsBytes(root))).isEqualTo(plain);
  }

  private static void addUnknown(ObjectNode node) {
    node.putObject("later").putArray("list").add(1).add("x").addNull();
    node.put("huge", new java.math.BigInteger("9".repeat(30)));
    node.put("fraction", 1.5);
  }

  @Test
  void shouldWriteEqualManifestsAsEqualBytesWhateverTheOrderOfTheirMaps() {
    OperatorSnapshotEntry operator = new OperatorSnapshotEntry(List.of(), 0);
    Map<String, OperatorSnapshotEntry> one = new java.util.LinkedHashMap<>();
    Map<String, OperatorSnapshotEntry> two = new java.util.LinkedHashMap<>();
    for (int i = 0; i < 50; i++) {
      one.put("op" + i, operator);
      two.put("op" + (49 - i), operator);
    }
    byte[] first =
        CheckpointManifestCodec.encode(
            new CheckpointManifest(ID, 1, 1, one, Sources.NONE, null, 0));
    byte[] second =
        CheckpointManifestCodec.encode(
            new CheckpointManifest(ID, 1, 1, two, Sources.NONE, null, 0));
    assertThat(first).isEqualTo(second);
  }

  @Test
  void shouldRefuseEveryPrefixOfAManifest() throws IOException {
    byte[] json = fixture("manifest-full.json");
    for (int length = 0; length < json.length; length++) {
      byte[] cut = Arrays.copyOf(json, length);
      assertThatThrownBy(() -> CheckpointManifestCodec.decode(cut))
          .as("length %d", length)
          .isInstanceOf(ManifestFormatException.class);
    }
  }

  @Test
  void shouldRequireEachOfTheOtherFields() throws IOException {
    for (String field : new String[] {"version", "checkpoint_id", "epoch", "timestamp_ms"}) {
      ObjectNode root = (ObjectNode) JSON.readTree(fixture("manifest-full.json"));
      root.remove(field);
      assertRefused(root, field);
    }
    for (String field : new String[] {"partition_id", "is_delta", "path", "size_bytes"}) {
      ObjectNode root = (ObjectNode) JSON.readTree(fixture("manifest-full.json"));
      ((ObjectNode) root.at("/operators/window-agg/partitions/0")).remove(field);
      assertRefused(root, field);
    }
    for (String field : new String[] {"source_type", "offsets", "epoch"}) {
      ObjectNode root = (ObjectNode) JSON.readTree(fixture("manifest-full.json"));
      ((ObjectNode) root.at("/source_offsets/kafka-trades")).remove(field);
      assertRefused(root, field);
    }
  }

  private static void assertRefused(JsonNode root, String field) throws IOException {
    byte[] json = JSON.writeValueAsBytes(root);
    assertThatThrownBy(() -> CheckpointManifestCodec.decode(json))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining(field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"epoch\": 1 | \"epoch\": -1",
        "\"epoch\": 1 | \"epoch\": 18446744073709551616",
        "\"epoch\": 1 | \"epoch\": 1.0",
        "\"epoch\": 1 | \"epoch\": \"1\"",
        "\"epoch\": 1 | \"epoch\": null",
        "\"epoch\": 1 | \"epoch\": 1, \"epoch\": 2",
        "\"epoch\": 1 | \"epoch\": 1, \"operators\": null",
        "\"epoch\": 1 | \"epoch\": 1, \"operators\": []",
        "\"epoch\": 1 | \"epoch\": 1, \"watermark\": 9223372036854775808",
        "\"epoch\": 1 | \"epoch\": 1, \"parent_id\": \"nobody\"",
        "\"checkpoint_id\": \"0192f3a1-7c4e-7b6a | \"checkpoint_id\": \"0192f3a1-7c4e-4b6a",
        "\"timestamp_ms\": 1000 | \"timestamp_ms\": 1000} {"
      })
  void shouldRefuseFieldsOfTheWrongForm(String from, String to) throws IOException {
    String json = text(fixture("manifest-minimal.json"));
    assertThat(json).contains(from.strip());
    String changed = json.replace(from.strip(), to.strip());
    assertThatThrownBy(() -> decode(changed)).isInstanceOf(ManifestFormatException.class);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 3, 4_294_967_295L})
  void shouldRefuseAnotherVersionByNumber(long version) throws IOException {
    String json =
        text(fixture("manifest-minimal.json")).replace("\"version\": 2", "\"version\": " + version);
    assertThatThrownBy(() -> decode(json))
        .isInstanceOfSatisfying(
            ManifestFormatException.class, e -> assertThat(e.otherVersion()).isTrue())
        .hasMessageContaining("version " + version);
  }

  @Test
  void shouldBoundHostileInput() {
    String deep = "{\"x\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertThatThrownBy(() -> decode(deep)).isInstanceOf(ManifestFormatException.class);
    byte[] large = new byte[CheckpointManifestCodec.BYTES_MAX + 1];
    Arrays.fill(large, (byte) ' ');
    assertThatThrownBy(() -> CheckpointManifestCodec.decode(large))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("too long");
  }
}
