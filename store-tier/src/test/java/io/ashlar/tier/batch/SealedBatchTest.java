package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeyRing;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SealedBatchTest {
  private static final UUID ID = UUID.fromString("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");
  private static final FrameKey KEY = FrameKey.of(7, bytes("0123456789abcdef"));
  private static final FrameKey OTHER = FrameKey.of(7, bytes("fedcba9876543210"));
  private static final FrameKey NEXT = FrameKey.of(8, bytes("0123456789abcdef0123456789abcdef"));

  private final FramedBatchReader reader = reader(new FrameKeyRing(KEY, List.of()));

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static FramedBatchReader reader(FrameKeyRing keys) {
    return new FramedBatchReader(1 << 24, keys);
  }

  private static byte[] encode(FrameKey key, int... lengths) {
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      encoder.seal(key, ID);
      for (int i = 0; i < lengths.length; i++) {
        byte[] data = new byte[lengths[i]];
        Arrays.fill(data, (byte) (65 + i));
        encoder.add(MemorySegment.ofArray(bytes("key" + i)), MemorySegment.ofArray(data));
      }
      return encoder
          .encode(new FramedHeader(0, 4711, ID, 1_763_661_600_000L))
          .toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static List<String> keysOf(FramedBatchReader from, byte[] object) {
    try (Arena arena = Arena.ofConfined()) {
      List<String> keys = new ArrayList<>();
      for (BatchEntry entry : from.decode(MemorySegment.ofArray(object), arena)) {
        keys.add(
            new String(entry.key().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII)
                + "="
                + entry.data().byteSize());
      }
      return keys;
    }
  }

  private FrameTable frames(byte[] object) {
    return open(reader, object).frames();
  }

  private static FramedIndex open(FramedBatchReader from, byte[] object) {
    return from.openIndex(
        ID,
        object.length,
        (offset, target) ->
            target.copyFrom(MemorySegment.ofArray(object).asSlice(offset, target.byteSize())),
        Arena.ofAuto());
  }

  private static long run(FramedBatchReader from, byte[] object, long offset, long length) {
    try (Arena arena = Arena.ofConfined()) {
      return from.decodeRun(
              ID, offset, MemorySegment.ofArray(object).asSlice(offset, length), arena)
          .count();
    }
  }

  @Test
  void shouldReadBackWhatItSealedInEveryWay() {
    byte[] object = encode(KEY, 10, 0, 70_000, 2_500_000, 5);
    assertThat(keysOf(reader, object))
        .containsExactly("key0=10", "key1=0", "key2=70000", "key3=2500000", "key4=5");
    assertThat(open(reader, object).entries()).isEqualTo(5);
    FrameTable frames = frames(object);
    assertThat(run(reader, object, frames.offset(0), frames.length(0))).isEqualTo(2);
    assertThat(run(reader, object, frames.offset(1), frames.length(1))).isEqualTo(1);
    try (Arena arena = Arena.ofConfined()) {
      Salvage salvage = reader.salvage(MemorySegment.ofArray(object), arena);
      assertThat(salvage.entriesFound()).isEqualTo(5);
    }
  }

  @Test
  void shouldReadTheGoldenFile() throws Exception {
    try (InputStream golden = SealedBatchTest.class.getResourceAsStream("/framed/sealed-v3.hex")) {
      String hex =
          new String(Objects.requireNonNull(golden).readAllBytes(), StandardCharsets.US_ASCII);
      byte[] object = HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
      assertThat(keysOf(reader, object)).containsExactly("key0=40", "key1=3");
      assertThat(FramedHeader.read(MemorySegment.ofArray(object)))
          .isEqualTo(new FramedHeader(2, 4711, ID, 1_763_661_600_000L, true));
    }
  }

  @Test
  void shouldShowNothingOfKeysAndData() {
    byte[] object = encode(KEY, 1000, 1000);
    String text = new String(object, StandardCharsets.ISO_8859_1);
    assertThat(text).doesNotContain("key0").doesNotContain("AAAA");
  }

  @Test
  void shouldDetectEveryFlippedBitWhoeverReads() {
    byte[] object = encode(KEY, 40, 3);
    FrameTable frames = frames(object);
    long indexAt = frames.offset(0) + frames.length(0);
    for (int bit = 0; bit < object.length * 8; bit++) {
      byte[] flipped = object.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> keysOf(reader, flipped))
          .as("bit %d, whole", bit)
          .isInstanceOf(BatchFormatException.class);
      int at = bit / 8;
      if (at >= frames.offset(0) && at < indexAt) {
        assertThatThrownBy(() -> run(reader, flipped, frames.offset(0), frames.length(0)))
            .as("bit %d, frame", bit)
            .isInstanceOf(BatchFormatException.class);
      }
      if (at >= indexAt) {
        assertThatThrownBy(() -> open(reader, flipped))
            .as("bit %d, index", bit)
            .isInstanceOf(BatchFormatException.class);
      }
    }
  }

  @Test
  void shouldDetectEveryFlippedBitOfAFrameEvenWhenItsCrcIsMadeRight() {
    byte[] object = encode(KEY, 40, 3);
    FrameTable frames = frames(object);
    int from = (int) frames.offset(0);
    int length = frames.length(0);
    int wrongKeys = 0;
    for (int bit = from * 8; bit < (from + length) * 8; bit++) {
      if (bit / 8 >= from + 12 && bit / 8 < from + 16) {
        continue;
      }
      byte[] forged = object.clone();
      forged[bit / 8] ^= (byte) (1 << bit % 8);
      fixFrameCrc(forged, from, length);
      int byteOfSeal = bit / 8 - from - 16;
      assertThatThrownBy(() -> run(reader, forged, from, length))
          .as("bit %d", bit)
          .isInstanceOf(
              byteOfSeal >= 0 && byteOfSeal < 8
                  ? FrameKeyException.class
                  : BatchFormatException.class);
      wrongKeys += byteOfSeal >= 0 && byteOfSeal < 8 ? 1 : 0;
    }
    assertThat(wrongKeys).isEqualTo(64);
  }

  private static void fixFrameCrc(byte[] object, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(object, from, 12);
    crc.update(object, from + 16, length - 16);
    ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN).putInt(from + 12, (int) crc.getValue());
  }

  @Test
  void shouldNotTakeAFrameForAnotherOfTheSameBatchOrOfAnother() {
    byte[] object = encode(KEY, 70_000, 70_000);
    FrameTable frames = frames(object);
    assertThat(frames.length(0)).isEqualTo(frames.length(1));
    // Frames say nothing of their place, and their CRCs are right.
    byte[] swapped = object.clone();
    System.arraycopy(
        object, (int) frames.offset(1), swapped, (int) frames.offset(0), frames.length(1));
    assertThatThrownBy(() -> run(reader, swapped, frames.offset(0), frames.length(0)))
        .isInstanceOf(BatchFormatException.class)
        .hasMessageContaining("not authentic");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment own = MemorySegment.ofArray(object).asSlice(frames.offset(0), frames.length(0));
      assertThatThrownBy(() -> reader.decodeRun(new UUID(1, 2), frames.offset(0), own, arena))
          .isInstanceOf(BatchFormatException.class)
          .hasMessageContaining("not authentic");
    }
  }

  @Test
  void shouldDetectAHeaderThatWasChangedWithItsCrc() {
    byte[] object = encode(KEY, 40, 3);
    for (int at : new int[] {16, 20, 40, 44}) {
      byte[] forged = object.clone();
      forged[at] ^= 1;
      FramedBytes.fixHeader(forged);
      assertThatThrownBy(() -> keysOf(reader, forged))
          .isInstanceOf(BatchFormatException.class)
          .hasMessageContaining("header is not authentic");
    }
  }

  @Test
  void shouldTellAWrongKeyFromDamage() {
    byte[] object = encode(KEY, 40, 3);
    FramedBatchReader wrong = reader(new FrameKeyRing(OTHER, List.of()));
    assertThatThrownBy(() -> keysOf(wrong, object))
        .isInstanceOf(FrameKeyException.class)
        .hasMessageContaining("another key of this id: key 7");
    FramedBatchReader unknown = reader(new FrameKeyRing(NEXT, List.of()));
    assertThatThrownBy(() -> keysOf(unknown, object))
        .isInstanceOf(FrameKeyException.class)
        .hasMessageContaining("not known: key id=7");
    FramedBatchReader none = new FramedBatchReader(1 << 24);
    assertThatThrownBy(() -> keysOf(none, object))
        .isInstanceOf(FrameKeyException.class)
        .hasMessageContaining("no keys were given");
    byte[] damaged = object.clone();
    damaged[(int) frames(object).offset(0) + 30] ^= 1;
    assertThatThrownBy(() -> keysOf(wrong, damaged)).isInstanceOf(BatchFormatException.class);
  }

  @Test
  void shouldReadWhatOlderKeysSealedAfterARotation() {
    byte[] old = encode(KEY, 10);
    byte[] fresh = encode(NEXT, 11);
    FramedBatchReader both = reader(new FrameKeyRing(NEXT, List.of(KEY)));
    assertThat(keysOf(both, old)).containsExactly("key0=10");
    assertThat(keysOf(both, fresh)).containsExactly("key0=11");
  }

  @Test
  void shouldUseAFreshNonceForEachPiece() {
    Set<String> nonces = new HashSet<>();
    for (int round = 0; round < 50; round++) {
      byte[] object = encode(KEY, 70_000, 70_000);
      FrameTable frames = frames(object);
      for (int frame = 0; frame < frames.count(); frame++) {
        int at = (int) frames.offset(frame) + 16 + 8;
        nonces.add(HexFormat.of().formatHex(object, at, at + 12));
      }
      int index = (int) frames.offset(1) + frames.length(1) + 8;
      nonces.add(HexFormat.of().formatHex(object, index, index + 12));
    }
    assertThat(nonces).hasSize(150);
  }

  @Test
  void shouldNeverShowAKey() {
    assertThat(KEY.toString()).isEqualTo("key 7");
    assertThatThrownBy(() -> FrameKey.of(3, bytes("secret")))
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    assertThatThrownBy(() -> new FrameKeyRing(KEY, List.of(OTHER)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
