package io.ashlar.tier.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.json.ManifestFormatException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TierManifestCodecTest {
  private static final UUID ID = UUID.fromString("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");

  /** As earlier releases wrote it, without a seal. */
  private static final String GOLDEN =
      "{\"version\":1,\"storeId\":\"fedcba9876543210\",\"incarnation\":7,\"generation\":3,"
          + "\"sequence\":42,\"putId\":\"0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\","
          + "\"parentSequence\":41,\"lastRecordSequence\":90210,\"lastEpoch\":4711,"
          + "\"createdMs\":1763661600000,\"batches\":[{\"name\":\"batches/0000000003/0000000001-"
          + "0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\",\"kind\":\"puts\",\"entries\":812,"
          + "\"bytes\":1048576,\"uncompressedBytes\":4194304,\"crc32c\":3808858755},"
          + "{\"name\":\"batches/0000000003/0000000002-0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\","
          + "\"kind\":\"deletes\",\"entries\":1,\"bytes\":50,\"uncompressedBytes\":24,"
          + "\"crc32c\":0}]}";

  static TierManifest manifest() {
    return new TierManifest(
        new TierManifest.Writer(0xfedcba9876543210L, 7, 3),
        42,
        new TierManifest.Stamp(ID, 1763661600000L),
        new TierManifest.Reach(90210, 4711),
        List.of(
            new BatchReference(
                TierKeys.batch(3, 1, ID),
                BatchReference.Kind.PUTS,
                812,
                1048576,
                4194304,
                3808858755L),
            new BatchReference(
                TierKeys.batch(3, 2, ID), BatchReference.Kind.DELETES, 1, 50, 24, 0)),
        CollectionState.NONE,
        null);
  }

  private static TierManifest decode(String json) {
    return TierManifestCodec.decode(json.getBytes(StandardCharsets.UTF_8));
  }

  /** What is written: the same fields, of version 3, and the seal. */
  private static String sealed(String unsealed, String crc) {
    return "{\"version\":3,"
        + unsealed.substring("{\"version\":1,".length(), unsealed.length() - 1)
        + ",\"crc32c\":\""
        + crc
        + "\"}";
  }

  @Test
  void shouldWriteExactlyThisAndReadItBack() {
    String golden = sealed(GOLDEN, "fe562e04");
    assertThat(new String(TierManifestCodec.encode(manifest()), StandardCharsets.UTF_8))
        .isEqualTo(golden);
    assertThat(decode(golden)).isEqualTo(manifest());
  }

  @Test
  void shouldReadWhatEarlierReleasesWrote() {
    assertThat(decode(GOLDEN)).isEqualTo(manifest());
    // But a seal that is there must be right, so that no changed version hides it.
    String sealed = new String(TierManifestCodec.encode(manifest()), StandardCharsets.UTF_8);
    assertThatThrownBy(() -> decode(sealed.replace("\"version\":3", "\"version\":1")))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("checksum mismatch");
  }

  @Test
  void shouldRefuseAHintOfVersion2WithoutASeal() {
    byte[] json = "{\"version\":2,\"sequence\":42}".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> TierManifestCodec.decodeHint(json))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("checksum is missing");
  }

  @Test
  void shouldRefuseVersion3WithoutASeal() {
    assertThatThrownBy(() -> decode(GOLDEN.replace("{\"version\":1,", "{\"version\":3,")))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("checksum is missing");
  }

  @Test
  void shouldHoldAsManyBatchesAsItsLimitWithinItsBytes() {
    List<BatchReference> batches =
        Collections.nCopies(
            TierManifest.BATCHES_MAX,
            new BatchReference(
                TierKeys.batch(TierKeys.GENERATION_MAX, TierKeys.GENERATION_MAX, ID),
                BatchReference.Kind.DELETES,
                0xFFFF_FFFFL,
                Long.MAX_VALUE,
                0xFFFF_FFFFL,
                0xFFFF_FFFFL));
    TierManifest largest =
        new TierManifest(
            new TierManifest.Writer(-1, Long.MIN_VALUE, 1),
            Long.MAX_VALUE,
            new TierManifest.Stamp(ID, Long.MAX_VALUE),
            new TierManifest.Reach(Long.MAX_VALUE, Long.MAX_VALUE),
            batches,
            CollectionState.NONE,
            null);
    byte[] json = TierManifestCodec.encode(largest);
    assertThat(json.length).isLessThan(TierManifestCodec.BYTES_MAX);
    assertThat(TierManifestCodec.decode(json)).isEqualTo(largest);

    String tooMany =
        new String(json, StandardCharsets.UTF_8)
            .replace("\"version\":3", "\"version\":1")
            .replaceAll(",\"crc32c\":\"[0-9a-f]{8}\"}$", "}")
            .replace("\"batches\":[{", "\"batches\":[" + batchJson(largest) + ",{");
    assertThatThrownBy(() -> decode(tooMany))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("too many batches");
    List<BatchReference> more = new ArrayList<>(batches);
    more.add(batches.get(0));
    assertThatThrownBy(() ->
            new TierManifest(
                new TierManifest.Writer(1, 1, 1),
                1,
                new TierManifest.Stamp(ID, 0),
                new TierManifest.Reach(0, 0),
                more,
                CollectionState.NONE,
                null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String batchJson(TierManifest manifest) {
    String json = new String(TierManifestCodec.encode(manifest), StandardCharsets.UTF_8);
    int start = json.indexOf("[{") + 1;
    return json.substring(start, json.indexOf('}', start) + 1);
  }

  @Test
  void shouldReadFieldsInAnyOrderAndSkipUnknownOnes() {
    String reordered =
        "{\"new\":{\"deep\":[1,{\"x\":null}]},\"flag\":true,\"ratio\":1.5,"
            + GOLDEN.substring("{\"version\":1,".length(), GOLDEN.length() - 1)
            + ",\"version\":1}";
    assertThat(decode(reordered)).isEqualTo(manifest());
  }

  @Test
  void shouldWriteTheCollectionAndReadItBackAlsoOfVersion2() {
    String batch = TierKeys.batch(3, 1, ID);
    TierManifest plain = manifest();
    TierManifest manifest =
        new TierManifest(
            new TierManifest.Writer(plain.storeId(), plain.incarnation(), plain.generation()),
            plain.sequence(),
            new TierManifest.Stamp(plain.putId(), plain.createdMs()),
            new TierManifest.Reach(plain.lastRecordSequence(), plain.lastEpoch()),
            plain.batches(),
            new CollectionState(
                40,
                41,
                39,
                new CollectionState.Inflight(17, 0),
                new CollectionState.Names(
                    List.of(batch), List.of(TierKeys.batch(3, 2, ID)), List.of()),
                Encryption.UNKNOWN),
            null);
    String golden =
        GOLDEN.replace("{\"version\":1,", "{\"version\":2,").substring(0, GOLDEN.length() - 1)
            + ",\"baseSequence\":40,\"retainedFrom\":41,\"boundary\":39,\"minInflight\":17,"
            + "\"held\":[\"batches/0000000003/0000000001-0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\"],"
            + "\"pendingDeletes\":"
            + "[\"batches/0000000003/0000000002-0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\"]}";
    assertThat(new String(TierManifestCodec.encode(manifest), StandardCharsets.UTF_8))
        .isEqualTo(sealed(golden, "84aada0c"));
    assertThat(decode(sealed(golden, "84aada0c"))).isEqualTo(manifest);
    assertThat(decode(golden)).isEqualTo(manifest);
    assertThat(manifest.isBase()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"none,9674c8a0", "7:9a71bb4c,877d1e1d", "4294967295:00000000,38a868a8"})
  void shouldWriteHowTheNewestBatchesAreEncryptedAndReadItBack(String text, String crc) {
    TierManifest plain = manifest();
    TierManifest manifest =
        new TierManifest(
            new TierManifest.Writer(plain.storeId(), plain.incarnation(), plain.generation()),
            plain.sequence(),
            new TierManifest.Stamp(plain.putId(), plain.createdMs()),
            new TierManifest.Reach(plain.lastRecordSequence(), plain.lastEpoch()),
            plain.batches(),
            plain.collection().withEncryption(Encryption.parse(text)),
            null);
    String golden =
        sealed(GOLDEN.substring(0, GOLDEN.length() - 1) + ",\"encryption\":\"" + text + "\"}", crc);
    assertThat(new String(TierManifestCodec.encode(manifest), StandardCharsets.UTF_8))
        .isEqualTo(golden);
    assertThat(decode(golden)).isEqualTo(manifest);
    assertThat(manifest.collection().encryption().text()).isEqualTo(text);
  }

  @Test
  void shouldWriteTheLineageAndReadItBack() {
    UUID lineage = UUID.fromString("0192f3a1-0000-7b6a-9d21-3f5c8e1a4b70");
    TierManifest manifest =
        new TierManifest(
            new TierManifest.Writer(5, 1, 1),
            2,
            new TierManifest.Stamp(ID, 0),
            new TierManifest.Reach(0, 0),
            List.of(),
            CollectionState.NONE,
            lineage);
    String json = new String(TierManifestCodec.encode(manifest), StandardCharsets.UTF_8);
    assertThat(json)
        .isEqualTo(
            "{\"version\":3,\"storeId\":\"0000000000000005\",\"incarnation\":1,\"generation\":1,"
                + "\"sequence\":2,\"putId\":\"0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\","
                + "\"parentSequence\":1,\"lastRecordSequence\":0,\"lastEpoch\":0,\"createdMs\":0,"
                + "\"batches\":[],\"lineage\":\"0192f3a1-0000-7b6a-9d21-3f5c8e1a4b70\","
                + "\"crc32c\":\"e1c987c7\"}");
    assertThat(decode(json)).isEqualTo(manifest);
    for (String wrong : List.of("7", "\"x\"", "\"0192F3A1-0000-7b6a-9d21-3f5c8e1a4b70\"", "[]")) {
      String unsealed = GOLDEN.substring(0, GOLDEN.length() - 1) + ",\"lineage\":" + wrong + "}";
      assertThatThrownBy(() -> decode(unsealed))
          .as(wrong)
          .isInstanceOf(ManifestFormatException.class);
    }
  }

  @Test
  void shouldSayInAClaimWhatItsParentSettles() {
    CollectionState claim = CollectionState.NONE.withMinInflight(17).ofClaim();
    assertThat(claim)
        .isEqualTo(
            new CollectionState(
                1,
                1,
                0,
                new CollectionState.Inflight(0, 17),
                new CollectionState.Names(List.of(), List.of(), List.of()),
                Encryption.UNKNOWN));
    TierManifest manifest =
        new TierManifest(
            new TierManifest.Writer(5, 1, 2),
            2,
            new TierManifest.Stamp(ID, 0),
            new TierManifest.Reach(0, 0),
            List.of(),
            claim,
            null);
    String json = new String(TierManifestCodec.encode(manifest), StandardCharsets.UTF_8);
    assertThat(json).contains("\"parentInflight\":17");
    assertThat(decode(json)).isEqualTo(manifest);
    assertThat(claim.withMinInflight(3).parentInflight()).isZero();
  }

  @Test
  void shouldLeaveOutWhatSaysNothing() {
    CollectionState collection =
        new CollectionState(
            1,
            1,
            0,
            new CollectionState.Inflight(17, 0),
            new CollectionState.Names(List.of(), List.of(TierKeys.batch(3, 2, ID)), List.of()),
            Encryption.UNKNOWN);
    TierManifest manifest =
        new TierManifest(
            new TierManifest.Writer(5, 1, 1),
            2,
            new TierManifest.Stamp(ID, 0),
            new TierManifest.Reach(0, 0),
            List.of(),
            collection,
            null);
    String json = new String(TierManifestCodec.encode(manifest), StandardCharsets.UTF_8);
    assertThat(json).contains("\"minInflight\":17").doesNotContain("base", "held", "lineage");
    assertThat(decode(json)).isEqualTo(manifest);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"baseSequence\":0",
        "\"baseSequence\":43",
        "\"retainedFrom\":43",
        "\"boundary\":1",
        "\"boundary\":-1,\"baseSequence\":2",
        "\"minInflight\":-1",
        "\"held\":7",
        "\"held\":[7]",
        "\"held\":[\"batches/x\"]",
        "\"pendingDeletes\":[[]]",
        "\"pendingDeletes\":[\"../x\"]",
        "\"encryption\":7",
        "\"encryption\":\"\"",
        "\"encryption\":\"some\"",
        "\"encryption\":\"7:9a71bb4\"",
        "\"encryption\":\"7:9A71BB4C\"",
        "\"encryption\":\"4294967296:9a71bb4c\""
      })
  void shouldRefuseACollectionStateThatCannotBe(String fields) {
    String json =
        GOLDEN.replace("{\"version\":1,", "{\"version\":2,").substring(0, GOLDEN.length() - 1)
            + ","
            + fields
            + "}";
    assertThatThrownBy(() -> decode(json)).isInstanceOf(ManifestFormatException.class);
  }

  @Test
  void shouldAnswerForALaterVersionByNumber() {
    assertThatThrownBy(() -> decode("{\"version\":4,\"anything\":[]}"))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("unsupported version 4");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "1",
        "{",
        "{}",
        "{\"version\":\"1\"}",
        "{\"version\":1}",
        "{\"version\":1.0}",
        "{\"version\":1e0}",
        "{\"version\":99999999999999999999}",
        "{\"version\":999999999999999999999999999999999999}",
        "{\"version\":1,\"version\":1}",
        "{\"version\":01}",
        "{version:1}",
        "{\"version\":NaN}",
        "{\"version\":1} {}",
        "{\"version\":1}x",
        "{\"version\":1, /* comment */ \"a\":1}"
      })
  void shouldRefuseWhatIsNoManifest(String json) {
    assertThatThrownBy(() -> decode(json))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageStartingWith("manifest refused: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"storeId\":\"fedcba987654321\"",
        "\"storeId\":\"fedcba987654321g\"",
        "\"storeId\":42",
        "\"storeId\":null",
        "\"generation\":0",
        "\"generation\":10000000000",
        "\"generation\":9223372036854775808",
        "\"generation\":true",
        "\"generation\":[3]",
        "\"sequence\":0",
        "\"sequence\":43",
        "\"sequence\":-9223372036854775808",
        "\"parentSequence\":40",
        "\"putId\":\"0192f3a1-7c4e-4b6a-9d21-3f5c8e1a4b70\"",
        "\"putId\":\"192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\"",
        "\"putId\":\"\"",
        "\"lastRecordSequence\":-1",
        "\"lastEpoch\":-1",
        "\"createdMs\":-1",
        "\"batches\":null",
        "\"batches\":{}",
        "\"batches\":[1]",
        "\"batches\":[{}]",
        "\"batches\":[[]]"
      })
  void shouldRefuseAFieldOutOfItsRange(String field) {
    String name = field.substring(0, field.indexOf(':') + 1);
    int start = GOLDEN.indexOf(name);
    int end = name.equals("\"batches\":") ? GOLDEN.length() - 1 : GOLDEN.indexOf(",\"", start);
    String json = GOLDEN.substring(0, start) + field + GOLDEN.substring(end);
    assertThatThrownBy(() -> decode(json)).isInstanceOf(ManifestFormatException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"name\":\"../../etc/passwd\"",
        "\"name\":\"batches/0000000003/0000000001\"",
        "\"name\":\"batches/3/1-0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70\"",
        "\"kind\":\"PUTS\"",
        "\"kind\":\"\"",
        "\"entries\":0",
        "\"entries\":4294967296",
        "\"bytes\":0",
        "\"uncompressedBytes\":4294967296",
        "\"crc32c\":4294967296",
        "\"crc32c\":-1"
      })
  void shouldRefuseABatchFieldOutOfItsRange(String field) {
    String name = field.substring(0, field.indexOf(':') + 1);
    int start = GOLDEN.indexOf(name);
    int comma = GOLDEN.indexOf(",\"", start);
    int brace = GOLDEN.indexOf("}", start);
    int end = comma < 0 ? brace : Math.min(comma, brace);
    String json = GOLDEN.substring(0, start) + field + GOLDEN.substring(end);
    assertThatThrownBy(() -> decode(json)).isInstanceOf(ManifestFormatException.class);
  }

  @Test
  void shouldBoundBytesDepthTextAndFields() {
    assertThatThrownBy(() -> TierManifestCodec.decode(new byte[TierManifestCodec.BYTES_MAX + 1]))
        .hasMessageContaining("too long");
    assertThatThrownBy(() -> decode("{\"a\":" + "[".repeat(1_000_000)))
        .isInstanceOf(ManifestFormatException.class);
    assertThatThrownBy(() -> decode("{\"a\":\"" + "x".repeat(2_000) + "\"}"))
        .isInstanceOf(ManifestFormatException.class);
    assertThatThrownBy(() -> decode("{\"" + "n".repeat(1_000_000) + "\":1}"))
        .isInstanceOf(ManifestFormatException.class);
    StringBuilder many = new StringBuilder("{");
    for (int i = 0; i < 100_000; i++) {
      many.append("\"f").append(i).append("\":1,");
    }
    assertThatThrownBy(() -> decode(many + "\"version\":1}"))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("too many fields");
  }

  @Test
  void shouldDecodeOrRefuseEveryTruncationAndRandomDamage() {
    byte[] golden = GOLDEN.getBytes(StandardCharsets.UTF_8);
    for (int length = 0; length < golden.length; length++) {
      byte[] cut = Arrays.copyOf(golden, length);
      assertThatThrownBy(() -> TierManifestCodec.decode(cut))
          .isInstanceOf(ManifestFormatException.class);
    }
    Random random = new Random(Long.getLong("test.seed", 42));
    for (int i = 0; i < 20_000; i++) {
      byte[] damaged = golden.clone();
      for (int j = 0; j <= random.nextInt(3); j++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        assertThat(TierManifestCodec.decode(damaged)).isNotNull();
      } catch (ManifestFormatException refused) {
        assertThat(refused.getMessage()).startsWith("manifest refused: ");
      }
    }
  }
}
