package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.batch.BatchCodecTest.Entry;
import io.ashlar.tier.batch.BatchFormatException.Check;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FramedBatchFormatTest {
  private static final List<Entry> TWO =
      List.of(BatchCodecTest.entry("b", "bee"), BatchCodecTest.entry("aa", "a".repeat(30)));

  private final FramedBatchReader reader = new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT);

  /** Several frames, LZ4 and raw ones, small enough that each of its bits can be flipped. */
  private static List<Entry> several() {
    List<Entry> entries = new ArrayList<>(TWO);
    entries.add(new Entry(new byte[] {1}, new byte[66_000]));
    entries.add(Framed.noise(new Random(1), "noise", 70));
    entries.add(BatchCodecTest.entry("b", ""));
    return entries;
  }

  /** Reads all of an object in every way; whatever is damaged must be refused by one of them. */
  private void readAll(byte[] object) {
    try (Arena arena = Arena.ofConfined()) {
      reader.decode(MemorySegment.ofArray(object), arena);
    }
  }

  @Test
  void shouldKeepItsBytes() {
    assertThat(HexFormat.of().formatHex(Framed.encode(TWO)))
        .isEqualTo(
            // header: magic, version, count, flags, epoch, id, time, CRC, zero
            ("4c434231 03000000 02000000 00000000 6712000000000000"
                    + " 0192f3a17c4e7b6a9d213f5c8e1a4b70 00556ca29a010000 61894952"
                    + " 000000000000000000000000"
                    // frame: stored, raw, codec, flags, entries, CRC, an LZ4 block
                    + " 1f000000 34000000 01 00 0200 fa5e27d4"
                    + " 6001000000620305009165650200000061611e06000f010004506161616161"
                    // index, LZ4: 1 frame 2f 34; keys aa and b: shared, suffix, place, CRC
                    + " f008 2f34 00026161000c1e 337c0e0a 00016200000369d1a980"
                    // footer: index place, length, raw, CRC; counts, raw, length, CRCs, magic
                    + " 6f00000000000000 19000000 17000000 88242ceb 01000000 02000000"
                    + " 3400000000000000 c800000000000000 901c22f4 49898e41 00000000"
                    + " 4c434233454e4400")
                .replace(" ", ""));
  }

  @Test
  void shouldDecodeItsGoldenBytes() {
    BatchCodecTest.assertSame(Framed.decode(Framed.encode(TWO)), TWO);
    assertThat(FramedHeader.read(MemorySegment.ofArray(Framed.encode(TWO))))
        .isEqualTo(new FramedHeader(2, 4711, Framed.ID, 1_763_661_600_000L));
  }

  @Test
  void shouldDetectEveryFlippedBit() {
    byte[] object = Framed.encode(several());
    for (int bit = 0; bit < object.length * 8; bit++) {
      byte[] flipped = object.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> readAll(flipped))
          .as("bit %d", bit)
          .isInstanceOf(BatchFormatException.class);
    }
  }

  @Test
  void shouldDetectEveryFlippedBitOfARunReadByItself() {
    byte[] object = Framed.encode(several());
    FrameTable frames = index(object).frames();
    for (int frame = 0; frame < frames.count(); frame++) {
      int offset = (int) frames.offset(frame);
      byte[] run = Arrays.copyOfRange(object, offset, offset + frames.length(frame));
      try (Arena arena = Arena.ofConfined()) {
        assertThat(reader.decodeRun(Framed.ID, 0, MemorySegment.ofArray(run), arena).count())
            .isPositive();
      }
      for (int bit = 0; bit < run.length * 8; bit++) {
        byte[] flipped = run.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        assertThatThrownBy(
                () -> {
                  try (Arena arena = Arena.ofConfined()) {
                    reader.decodeRun(Framed.ID, 0, MemorySegment.ofArray(flipped), arena);
                  }
                })
            .as("frame %d, bit %d", frame, bit)
            .isInstanceOf(BatchFormatException.class);
      }
    }
  }

  @Test
  void shouldDetectEveryFlippedBitOfTheIndexAndFooter() {
    byte[] object = Framed.encode(several());
    int from = (int) Framed.footer(object).index().offset();
    for (int bit = from * 8; bit < object.length * 8; bit++) {
      byte[] flipped = object.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> index(flipped))
          .as("bit %d", bit)
          .isInstanceOf(BatchFormatException.class);
    }
  }

  private FramedIndex index(byte[] object) {
    return reader.openIndex(
        Framed.ID,
        object.length,
        (offset, target) ->
            target.copyFrom(MemorySegment.ofArray(object).asSlice(offset, target.byteSize())),
        Arena.ofAuto());
  }

  @Test
  void shouldRefuseItTruncatedAtEveryByteAndExtendedByOne() {
    byte[] object = Framed.encode(several());
    for (int length = 0; length <= object.length + 1; length++) {
      byte[] cut = Arrays.copyOf(object, length);
      if (length == object.length) {
        readAll(cut);
        continue;
      }
      assertThatThrownBy(() -> readAll(cut))
          .as("length %d", length)
          .isInstanceOf(BatchFormatException.class);
      assertThatThrownBy(() -> index(cut))
          .as("index, length %d", length)
          .isInstanceOf(BatchFormatException.class);
    }
  }

  @Test
  void shouldBeRefusedByNumberByTheDecoderOfVersions1And2() {
    byte[] object = Framed.encode(TWO);
    assertThatThrownBy(() -> BatchCodecTest.decode(object))
        .isInstanceOfSatisfying(
            BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(Check.VERSION))
        .hasMessageContaining("unsupported batch version 3");
  }

  @Test
  void shouldRefuseOtherVersionsByNumber() {
    byte[] object = Framed.encode(TWO);
    object[4] = 4;
    assertThatThrownBy(() -> readAll(object))
        .isInstanceOf(BatchFormatException.class)
        .hasMessageContaining("unsupported batch version 4");
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() ->
              new BatchDecoder(BatchCodec.BODY_BYTES_MAX_DEFAULT)
                  .decode(MemorySegment.ofArray(object), arena))
          .isInstanceOf(BatchFormatException.class)
          .hasMessageContaining("unsupported batch version 4");
    }
  }

  @Test
  void shouldRefuseFlagsAndReservedBytesThatAreNotZero() {
    for (int offset : new int[] {12, 52, 63}) {
      byte[] object = Framed.encode(TWO);
      object[offset] = 2;
      FramedBytes.fixHeader(object);
      assertCheck(object, Check.RESERVED);
    }
    byte[] object = Framed.encode(TWO);
    object[object.length - 64 + 52] = 2;
    assertCheck(object, Check.RESERVED);
  }

  @Test
  void shouldBoundWhatTheFooterClaims() {
    assertFooterCheck(0, 0x01, Check.SIZE_MISMATCH); // index offset
    assertFooterCheck(36, 0x01, Check.SIZE_MISMATCH); // object length
    assertFooterCheck(29, 0xFF, Check.SIZE_BOUND); // raw total: more than LZ4 can give
    assertFooterCheck(31, 0x7F, Check.SIZE_BOUND); // 2 GiB
    assertFooterCheck(35, 0x80, Check.SIZE_BOUND); // 2^63
    assertFooterCheck(15, 0xFF, Check.SIZE_BOUND); // index raw length
    assertFooterCheck(23, 0xFF, Check.COUNT_BOUND); // frames
    assertFooterCheck(27, 0xFF, Check.COUNT_BOUND); // entries
  }

  /** Changes a byte of the footer and makes its CRC right: what it says is refused by itself. */
  private void assertFooterCheck(int offset, int bits, Check check) {
    byte[] object = Framed.encode(TWO);
    object[object.length - 64 + offset] ^= (byte) bits;
    FramedBytes.fixFooter(object);
    assertCheck(object, check);
  }

  private void assertCheck(byte[] object, Check check) {
    assertThatThrownBy(() -> readAll(object))
        .isInstanceOfSatisfying(
            BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(check));
  }

  @Test
  void shouldRefuseABodyAboveTheCap() {
    byte[] object = Framed.encode(TWO);
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() ->
              new FramedBatchReader(51)
                  .decode(MemorySegment.ofArray(object), new BoundedAllocator(arena, 0)))
          .isInstanceOfSatisfying(
              BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(Check.SIZE_BOUND))
          .hasMessageContaining("value=52, max=51");
      assertThat(
              new FramedBatchReader(52)
                  .decode(MemorySegment.ofArray(object), new BoundedAllocator(arena, 52))
                  .count())
          .isEqualTo(2);
    }
  }

  @Test
  void shouldRefuseAnIndexThatDescribesOtherEntries() {
    byte[] other = Framed.encode(List.of(TWO.get(0), BatchCodecTest.entry("aa", "b".repeat(30))));
    byte[] object = Framed.encode(TWO);
    // The other's index and footer, with CRCs that fit to these frames.
    byte[] mixed = FramedBytes.of(object).withRawIndex(FramedBytes.of(other).rawIndex()).toObject();
    assertCheck(mixed, Check.INDEX);
  }
}
