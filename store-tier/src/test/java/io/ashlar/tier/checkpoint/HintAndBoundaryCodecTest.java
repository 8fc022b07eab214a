package io.ashlar.tier.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.json.ManifestFormatException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class HintAndBoundaryCodecTest {
  @Test
  void shouldWriteAndReadTheHintAndTheBoundary() {
    byte[] hint = TierManifestCodec.encodeHint(TierManifestCodecTest.manifest());
    byte[] boundary = TierManifestCodec.encodeBoundary(42);
    assertThat(new String(hint, StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"version\":2,\"object\":\"_latest\",\"sequence\":42,\"generation\":3,"
                + "\"minInflight\":0,\"crc32c\":\"6abfd9e4\"}");
    assertThat(new String(boundary, StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"version\":2,\"object\":\"gc/boundary\",\"sequence\":42,\"crc32c\":\"2bd32921\"}");
    assertThat(TierManifestCodec.decodeHint(hint))
        .isEqualTo(
            new TierManifestCodec.Hint(
                TierManifestCodecTest.manifest().sequence(),
                TierManifestCodecTest.manifest().generation(),
                TierManifestCodecTest.manifest().collection().minInflight()));
    assertThat(TierManifestCodec.decodeBoundary(boundary)).isEqualTo(42);
    for (String bad : List.of("", "{}", "{\"sequence\":0}", "{\"sequence\":\"1\"}", "42")) {
      assertThatThrownBy(() -> TierManifestCodec.decodeHint(bad.getBytes(StandardCharsets.UTF_8)))
          .isInstanceOf(ManifestFormatException.class);
    }
  }

  @Test
  void shouldNotTakeTheHintForTheBoundaryOrTheOtherWayRound() {
    assertThatThrownBy(() ->
            TierManifestCodec.decodeBoundary(
                TierManifestCodec.encodeHint(TierManifestCodecTest.manifest())))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("another object");
    assertThatThrownBy(() -> TierManifestCodec.decodeHint(TierManifestCodec.encodeBoundary(42)))
        .isInstanceOf(ManifestFormatException.class)
        .hasMessageContaining("another object");
  }

  @Test
  void shouldReadTheHintAndTheBoundaryOfVersion2WithoutTheirKey() {
    String earlier = "{\"version\":2,\"sequence\":42,\"crc32c\":\"2e8798f4\"}";
    byte[] json = earlier.getBytes(StandardCharsets.UTF_8);
    assertThat(TierManifestCodec.decodeHint(json)).isEqualTo(new TierManifestCodec.Hint(42, 0, 0));
    assertThat(TierManifestCodec.decodeBoundary(json)).isEqualTo(42);
  }
}
