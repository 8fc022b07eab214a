package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.batch.BatchCodecTest.Entry;
import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeyRing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Batches whose frames were made by several encoders. */
class AppendedFramesTest {
  private static final FrameKey KEY = FrameKey.of(7, new byte[16]);

  private final long seed = Long.getLong("test.seed", 11);
  private final Random random = new Random(seed);

  private List<Entry> randomEntries(int count) {
    int[] lengths = new int[count];
    for (int i = 0; i < count; i++) {
      lengths[i] =
          switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> random.nextInt(100);
            case 2 -> 65_500 + random.nextInt(80);
            case 3 -> random.nextInt(30) == 0 ? (1 << 20) + random.nextInt(3) : 4_096;
            default -> random.nextInt(20_000);
          };
    }
    return Framed.entries(random, lengths);
  }

  private static int length(Entry entry) {
    return entry.key().length + entry.data().length + BatchCodec.ENTRY_FRAMING_BYTES;
  }

  /** Cuts where one encoder would begin a frame, now and then. */
  private List<List<Entry>> parts(List<Entry> entries) {
    List<List<Entry>> parts = new ArrayList<>();
    List<Entry> part = new ArrayList<>();
    long open = 0;
    boolean begun = false;
    for (Entry entry : entries) {
      boolean ends =
          FramedBatchEncoder.endsFrame(open, length(entry), entry.data().length)
              || (open == 0 && begun);
      if (ends && random.nextInt(3) == 0) {
        parts.add(part);
        part = new ArrayList<>();
      }
      part.add(entry);
      begun = true;
      boolean large = FramedBatchEncoder.isLarge(entry.data().length);
      open = large ? 0 : (ends ? 0 : open) + length(entry);
    }
    parts.add(part);
    return parts;
  }

  private static void append(FramedBatchEncoder whole, List<Entry> entries, List<Integer> runs) {
    try (FramedBatchEncoder part = new FramedBatchEncoder()) {
      List<Integer> within = Framed.add(part, entries);
      part.seal();
      int first = whole.append(part);
      within.forEach(run -> runs.add(first + run));
    }
  }

  @Test
  void shouldGiveTheObjectThatOneEncoderGives() {
    for (int round = 0; round < 20; round++) {
      List<Entry> entries = randomEntries(1 + random.nextInt(200));
      try (FramedBatchEncoder one = new FramedBatchEncoder();
          FramedBatchEncoder whole = new FramedBatchEncoder()) {
        List<Integer> expected = Framed.add(one, entries);
        List<Integer> runs = new ArrayList<>();
        parts(entries).forEach(part -> append(whole, part, runs));
        assertThat(whole.encode(Framed.HEADER).mismatch(one.encode(Framed.HEADER)))
            .as("seed=%d, round=%d", seed, round)
            .isEqualTo(-1);
        assertThat(runs).isEqualTo(expected);
        for (int run = 0; run < one.runs(); run++) {
          assertThat(whole.run(run)).isEqualTo(one.run(run));
        }
        assertThat(whole.rawBytes()).isEqualTo(one.rawBytes());
      }
    }
  }

  @Test
  void shouldGiveTheSameWithRoomReservedAndEntriesOfItsOwnBetween() {
    List<Entry> entries = Framed.entries(random, 40_000, 40_000, 65_537, 40_000, 3, 70_000, 5);
    try (FramedBatchEncoder whole = new FramedBatchEncoder()) {
      whole.reserve(1 << 20, 5);
      Framed.add(whole, entries.subList(0, 1));
      append(whole, entries.subList(1, 3), new ArrayList<>());
      Framed.add(whole, entries.subList(3, 5));
      append(whole, entries.subList(5, 6), new ArrayList<>());
      Framed.add(whole, entries.subList(6, 7));
      assertThat(whole.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(Framed.encode(entries));
    }
  }

  @Test
  void shouldEncryptWhatIsAppendedToAnEncryptedBatch() {
    List<Entry> entries = randomEntries(120);
    byte[] object;
    List<Integer> runs = new ArrayList<>();
    List<FrameTable.Range> ranges = new ArrayList<>();
    try (FramedBatchEncoder whole = new FramedBatchEncoder()) {
      whole.seal(KEY, Framed.ID);
      parts(entries).forEach(part -> append(whole, part, runs));
      object = whole.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE);
      runs.forEach(run -> ranges.add(whole.run(run)));
    }
    FramedBatchReader reader = new FramedBatchReader(1 << 26, new FrameKeyRing(KEY, List.of()));
    try (Arena arena = Arena.ofConfined()) {
      BatchCodecTest.assertSame(
          Framed.entries(reader.decode(MemorySegment.ofArray(object), arena)), entries);
      for (int i = 0; i < entries.size(); i++) {
        FrameTable.Range range = ranges.get(i);
        MemorySegment run = MemorySegment.ofArray(object).asSlice(range.offset(), range.length());
        Entry wanted = entries.get(i);
        assertThat(Framed.entries(reader.decodeRun(Framed.ID, range.offset(), run, arena)))
            .anySatisfy(found -> assertThat(found.key()).isEqualTo(wanted.key()));
      }
    }
    assertThatThrownBy(() -> Framed.decode(object)).isInstanceOf(FrameKeyException.class);
  }

  @Test
  void shouldRefuseWhatIsNotFramesOrTooManyOfThem() {
    try (FramedBatchEncoder whole = new FramedBatchEncoder();
        FramedBatchEncoder part = new FramedBatchEncoder()) {
      Framed.add(part, Framed.entries(random, 10));
      assertThatThrownBy(() -> whole.append(part)).isInstanceOf(IllegalStateException.class);
      part.seal();
      whole.append(part);
      whole.append(part);
      assertThatThrownBy(() -> whole.append(part)).isInstanceOf(IllegalStateException.class);
      assertThat(Framed.decode(whole.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE)))
          .hasSize(2);
      assertThatThrownBy(() -> whole.append(part)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void shouldKeepTheChecksumThatItIsTold() {
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      encoder.add(MemorySegment.ofArray(new byte[16]), MemorySegment.ofArray(new byte[9]), 1);
      byte[] object = encoder.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE);
      assertThatThrownBy(() -> Framed.decode(object)).isInstanceOf(BatchFormatException.class);
    }
  }
}
