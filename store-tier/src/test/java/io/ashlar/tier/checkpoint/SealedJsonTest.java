package io.ashlar.tier.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.json.SealedJson;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The seal, and that every reader of a sealed object looks at it. */
class SealedJsonTest {
  private static final UUID ID = UUID.fromString("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static TierManifest manifest() {
    List<BatchReference> batches = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      batches.add(
          new BatchReference(
              TierKeys.batch(3, i, ID), BatchReference.Kind.PUTS, 9, 100, 200, 4 + i));
    }
    CollectionState collection =
        new CollectionState(
            40,
            41,
            39,
            new CollectionState.Inflight(17, 6),
            new CollectionState.Names(List.of(TierKeys.batch(2, 1, ID)), List.of(), List.of()),
            Encryption.UNKNOWN);
    return new TierManifest(
        new TierManifest.Writer(5, 7, 3),
        42,
        new TierManifest.Stamp(ID, 17636616L),
        new TierManifest.Reach(90210, 4711),
        batches,
        collection,
        ID);
  }

  @Test
  void shouldAppendTheChecksumOfAllBytesBeforeIt() {
    // The check value of CRC-32C is of "123456789".
    byte[] sealed = SealedJson.seal(bytes("123456789}"));
    assertThat(new String(sealed, StandardCharsets.UTF_8))
        .isEqualTo("123456789,\"crc32c\":\"e3069283\"}");
    assertThat(SealedJson.verify(sealed)).isTrue();
    assertThat(SealedJson.verify(bytes("{\"sequence\":42}"))).isFalse();
    assertThat(SealedJson.verify(new byte[0])).isFalse();
  }

  @Test
  void shouldSayWhatChecksumWasExpectedAndWhatIsThere() {
    byte[] sealed = SealedJson.seal(bytes("{\"a\":1}"));
    byte[] original = sealed.clone();
    sealed[5] = '2';
    long stated =
        Long.parseLong(
            new String(original, StandardCharsets.UTF_8).replaceAll(".*\"(........)\"}", "$1"), 16);
    ManifestFormatException e =
        catchThrowableOfType(ManifestFormatException.class, () -> SealedJson.verify(sealed));
    assertThat(e.expected()).isEqualTo(stated);
    assertThat(e.actual()).isNotEqualTo(stated).isPositive();
    assertThat(e)
        .hasMessageContaining(
            "checksum mismatch: expected=" + e.expected() + ", actual=" + e.actual());
  }

  /** Bytes with each one of their bits changed, and each end of them missing. */
  private static void assertEachDamageIsFound(byte[] whole, Function<byte[], ?> decode) {
    assertThat(decode.apply(whole)).isNotNull();
    for (int bit = 0; bit < whole.length * Byte.SIZE; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      assertThatThrownBy(() -> decode.apply(flipped))
          .as("bit %d of %s", bit, new String(flipped, StandardCharsets.ISO_8859_1))
          .isInstanceOf(ManifestFormatException.class)
          .satisfies(e ->
              assertThat(((ManifestFormatException) e).actual()).as("what is there").isNotZero());
    }
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> decode.apply(cut)).isInstanceOf(ManifestFormatException.class);
    }
  }

  @Test
  void shouldFindEveryChangedBitOfAManifest() {
    byte[] whole = TierManifestCodec.encode(manifest());
    assertThat(TierManifestCodec.decode(whole)).isEqualTo(manifest());
    assertEachDamageIsFound(whole, TierManifestCodec::decode);
  }

  @Test
  void shouldFindEveryChangedBitOfTheHintAndTheBoundary() {
    assertEachDamageIsFound(
        TierManifestCodec.encodeHint(manifest()), TierManifestCodec::decodeHint);
    assertEachDamageIsFound(TierManifestCodec.encodeBoundary(1), TierManifestCodec::decodeBoundary);
    assertEachDamageIsFound(
        TierManifestCodec.encodeBoundary(Long.MAX_VALUE), TierManifestCodec::decodeBoundary);
  }

  @Test
  void shouldNameTheObjectThatIsDamagedWithBothChecksums() {
    InMemoryObjectStore objects = new InMemoryObjectStore();
    ManifestStore manifests = new ManifestStore(objects);
    byte[] manifest = TierManifestCodec.encode(manifest());
    manifest[30] ^= 2;
    byte[] latest = TierManifestCodec.encodeHint(manifest());
    latest[24] ^= 1;
    objects.put(TierKeys.manifest(42), ObjectBody.of(manifest));
    objects.put(TierKeys.BOUNDARY, ObjectBody.of(latest));
    objects.put(TierKeys.LATEST, ObjectBody.of(latest));
    assertDamaged(TierKeys.manifest(42), () -> manifests.find(42));
    assertDamaged(TierKeys.BOUNDARY, () -> manifests.boundary().sequence());
    assertDamaged(TierKeys.BOUNDARY, () -> manifests.boundary().raise(9));
    assertDamaged(TierKeys.LATEST, manifests::checkedHint);
  }

  private static void assertDamaged(
      String key, org.assertj.core.api.ThrowableAssert.ThrowingCallable read) {
    CorruptionException e = catchThrowableOfType(CorruptionException.class, read);
    assertThat(e).as(key).hasMessageContaining("object=" + key);
    assertThat(e.expected()).isNotZero();
    assertThat(e.actual()).isNotZero().isNotEqualTo(e.expected());
    assertThat(e)
        .hasMessageContaining("expected=" + e.expected())
        .hasMessageContaining("actual=" + e.actual());
  }

  @Test
  void shouldDoWithoutADamagedHint() {
    InMemoryObjectStore objects = new InMemoryObjectStore();
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest first =
        new TierManifest(
            new TierManifest.Writer(5, 7, 3),
            1,
            new TierManifest.Stamp(ID, 0),
            new TierManifest.Reach(0, 0),
            List.of(),
            CollectionState.NONE,
            null);
    manifests.commit(first);
    // What would say that there was a manifest 3, which is lost.
    String wrong = new String(TierManifestCodec.encodeHint(first), StandardCharsets.UTF_8);
    objects.put(TierKeys.LATEST, ObjectBody.of(bytes(wrong.replace("e\":1,", "e\":3,"))));
    assertThat(manifests.latest()).isEqualTo(first);
  }

  @Test
  void shouldReadTheHintAndTheBoundaryOfEarlierReleases() {
    assertThat(TierManifestCodec.decodeHint(bytes("{\"sequence\":42}")).sequence()).isEqualTo(42);
    InMemoryObjectStore objects = new InMemoryObjectStore();
    Boundary boundary = new ManifestStore(objects).boundary();
    objects.put(TierKeys.BOUNDARY, ObjectBody.of(bytes("{\"sequence\":42}")));
    assertThat(boundary.sequence()).isEqualTo(42);
    assertThat(boundary.raise(43)).isTrue();
    assertThat(boundary.sequence()).isEqualTo(43);
  }

  @Test
  void shouldSayThatALaterReleaseWroteTheBoundary() {
    InMemoryObjectStore objects = new InMemoryObjectStore();
    byte[] later = SealedJson.seal(bytes("{\"version\":3,\"sequence\":42}"));
    objects.put(TierKeys.BOUNDARY, ObjectBody.of(later));
    assertThatThrownBy(() -> new ManifestStore(objects).boundary().sequence())
        .isInstanceOf(FormatVersionException.class)
        .hasMessageContaining("unsupported version 3")
        .hasMessageContaining(TierKeys.BOUNDARY);
  }
}
