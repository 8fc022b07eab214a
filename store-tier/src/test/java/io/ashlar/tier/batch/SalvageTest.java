package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.batch.BatchCodecTest.Entry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SalvageTest {
  private final List<Entry> entries =
      Framed.entries(new Random(3), 40_000, 40_000, 2_200_000, 30_000, 30_000, 90_000, 10);
  private final byte[] object = Framed.encode(entries);
  private final FrameTable frames;

  SalvageTest() {
    try (Arena arena = Arena.ofConfined()) {
      Batch batch =
          new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT)
              .decode(MemorySegment.ofArray(object), arena);
      frames = java.util.Objects.requireNonNull(batch.frames());
    }
    // 40_000 | 40_000 | three parts | 30_000 twice | 90_000 | 10
    assertThat(frames.count()).isEqualTo(8);
  }

  private interface Check {
    void check(Salvage salvage, List<Entry> found);
  }

  private static void salvage(byte[] damaged, Check check) {
    try (Arena arena = Arena.ofConfined()) {
      Salvage salvage =
          new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT)
              .salvage(MemorySegment.ofArray(damaged), arena);
      assertThat(salvage.batch().count()).isEqualTo(salvage.entriesFound());
      check.check(salvage, Framed.entries(salvage.batch()));
    }
  }

  private byte[] damaged(int... offsets) {
    byte[] bytes = object.clone();
    for (int offset : offsets) {
      bytes[offset] ^= 0x10;
    }
    return bytes;
  }

  /** Footer and index, so that only the frames themselves tell where they are. */
  private byte[] withoutIndex(int... offsets) {
    byte[] bytes = damaged(offsets);
    int end = (int) frames.offset(7) + frames.length(7);
    Arrays.fill(bytes, end, bytes.length, (byte) 0xEE);
    return bytes;
  }

  private int inFrame(int frame) {
    return (int) frames.offset(frame) + 100;
  }

  @Test
  void shouldReadAllWhenOnlyIndexOrFooterOrHeaderIsDamaged() {
    int index = (int) frames.offset(7) + frames.length(7);
    for (byte[] bytes :
        List.of(
            object,
            damaged(index + 3),
            damaged(object.length - 1),
            damaged(object.length - 30),
            damaged(20),
            withoutIndex(),
            Arrays.copyOf(object, index))) {
      salvage(
          bytes,
          (salvage, found) -> {
            BatchCodecTest.assertSame(found, entries);
            assertThat(salvage.isComplete()).isTrue();
            assertThat(salvage.framesLost()).isZero();
          });
    }
  }

  @Test
  void shouldNotClaimToBeCompleteWhenNothingTellsTheCount() {
    salvage(
        withoutIndex(20),
        (salvage, found) -> {
          BatchCodecTest.assertSame(found, entries);
          assertThat(salvage.isComplete()).isFalse();
          assertThat(salvage.entriesExpected()).isEqualTo(-1);
        });
  }

  @Test
  void shouldLoseOnlyTheEntriesOfADamagedFrame() {
    assertLost(damaged(inFrame(0)), 1, 0);
    assertLost(damaged(inFrame(5)), 1, 3, 4);
    assertLost(withoutIndex(inFrame(0)), 1, 0);
    assertLost(withoutIndex(inFrame(5)), 1, 3, 4);
  }

  @Test
  void shouldLoseALargeEntryWithAnyOfItsParts() {
    for (int part : new int[] {2, 3, 4}) {
      // The part itself, and those that cannot be used without it.
      assertLost(damaged(inFrame(part)), 3, 2);
      assertLost(withoutIndex(inFrame(part)), 3, 2);
    }
  }

  @Test
  void shouldGoOnBehindADamagedFrameHeaderByTheIndex() {
    assertLost(damaged((int) frames.offset(1)), 1, 1);
    // Without the index the length of that frame is not known, nor where the next one begins.
    assertLost(withoutIndex((int) frames.offset(1) + 2), 0, 1, 2, 3, 4, 5, 6);
  }

  @Test
  void shouldReadWhatIsLeftOfATruncatedObject() {
    assertLost(Arrays.copyOf(object, inFrame(6)), 0, 5, 6);
    assertLost(Arrays.copyOf(object, 64), 0, 0, 1, 2, 3, 4, 5, 6);
    salvage(new byte[0], (salvage, found) -> assertThat(found).isEmpty());
  }

  /** Checks that all entries are found but those of the given numbers. */
  private void assertLost(byte[] bytes, long framesLost, Integer... lost) {
    List<Integer> missing = Arrays.asList(lost);
    List<Entry> expected =
        entries.stream().filter(entry -> !missing.contains(entries.indexOf(entry))).toList();
    salvage(
        bytes,
        (salvage, found) -> {
          BatchCodecTest.assertSame(found, expected);
          assertThat(salvage.isComplete()).isFalse();
          assertThat(salvage.entriesExpected()).isEqualTo(7);
          assertThat(salvage.framesLost()).isEqualTo(framesLost);
        });
  }

  @Test
  void shouldNotTakeFramesOfABatchThatIsAnEntryItself() {
    byte[] inner = Framed.encode(List.of(Framed.noise(new Random(4), "inner", 500)));
    List<Entry> outer =
        List.of(
            new Entry("batch".getBytes(java.nio.charset.StandardCharsets.UTF_8), inner),
            BatchCodecTest.entry("after", "x"));
    byte[] bytes = Framed.encode(outer);
    bytes[64] ^= 0x10; // where the first frame ends
    Arrays.fill(bytes, bytes.length - 64, bytes.length, (byte) 0);
    salvage(bytes, (salvage, found) -> assertThat(found).isEmpty());
  }
}
