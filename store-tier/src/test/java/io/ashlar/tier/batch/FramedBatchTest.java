package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.batch.BatchCodecTest.Entry;
import io.ashlar.tier.batch.BatchFormatException.Check;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FramedBatchTest {
  private final FramedBatchReader reader = new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT);
  private final Random random = new Random(7);

  private FramedIndex index(byte[] object, List<Long> reads) {
    return reader.openIndex(
        Framed.ID,
        object.length,
        (offset, target) -> {
          reads.add(target.byteSize());
          target.copyFrom(MemorySegment.ofArray(object).asSlice(offset, target.byteSize()));
        },
        Arena.ofAuto());
  }

  private Batch run(byte[] object, FrameTable.Range range) {
    byte[] bytes =
        Arrays.copyOfRange(object, (int) range.offset(), (int) (range.offset() + range.length()));
    return reader.decodeRun(Framed.ID, 0, MemorySegment.ofArray(bytes), Arena.ofAuto());
  }

  @Test
  void shouldKeepOrderDuplicatesAndEmptyKeysAndData() {
    List<Entry> entries =
        List.of(
            BatchCodecTest.entry("z", "1"),
            BatchCodecTest.entry("", "empty key"),
            BatchCodecTest.entry("a", ""),
            BatchCodecTest.entry("z", "2"),
            BatchCodecTest.entry("", ""),
            new Entry(new byte[] {(byte) 0xff, (byte) 0xfe}, new byte[] {0}));
    BatchCodecTest.assertSame(Framed.decode(Framed.encode(entries)), entries);
    BatchCodecTest.assertSame(Framed.decode(Framed.encode(List.of())), List.of());
  }

  @Test
  void shouldGiveTheBodyOfVersion2() {
    List<Entry> entries = Framed.entries(random, 0, 10, 70_000, 5_000, 2_500_000, 3);
    try (Arena arena = Arena.ofConfined()) {
      Batch v3 = reader.decode(MemorySegment.ofArray(Framed.encode(entries)), arena);
      Batch v2 =
          new BatchCodec().decode(MemorySegment.ofArray(BatchCodecTest.encode(entries)), arena);
      assertThat(v3.body().mismatch(v2.body())).isEqualTo(-1);
      assertThat(v3.header().version()).isEqualTo(3);
      assertThat(v3.header().bodyBytes()).isEqualTo(v2.header().bodyBytes());
    }
  }

  @Test
  void shouldGiveLargeEntriesFramesOfTheirOwnCutAtAMebibyte() {
    int[] lengths = {100, 65_536, 65_537, 100, 1 << 20, (3 << 20) + 5, 100};
    byte[] object = Framed.encode(Framed.entries(random, lengths));
    FrameTable frames = index(object, new ArrayList<>()).frames();
    List<Integer> raw = new ArrayList<>();
    for (int i = 0; i < frames.count(); i++) {
      raw.add(frames.rawBytes(i));
    }
    int framing = 8 + 20;
    int mebibyte = 1 << 20;
    assertThat(raw)
        .containsExactly(
            100 + framing,
            65_536 + framing,
            65_537 + framing,
            100 + framing,
            mebibyte,
            framing,
            mebibyte,
            mebibyte,
            mebibyte,
            5 + framing,
            100 + framing);
    BatchCodecTest.assertSame(Framed.decode(object), Framed.entries(new Random(7), lengths));
  }

  @Test
  void shouldFillFramesOfSmallEntriesToTheTarget() {
    int[] lengths = new int[1000];
    Arrays.fill(lengths, 1000);
    FrameTable frames =
        index(Framed.encode(Framed.entries(random, lengths)), new ArrayList<>()).frames();
    // 63 entries of 1028 bytes fit into 64 KiB.
    assertThat(frames.count()).isEqualTo(16);
    for (int i = 0; i < 15; i++) {
      assertThat(frames.rawBytes(i)).isEqualTo(63 * 1028);
    }
  }

  @Test
  void shouldStoreRawWhatDoesNotShrink() {
    byte[] object =
        Framed.encode(
            List.of(
                Framed.noise(random, "noise", 100_000),
                new Entry(new byte[] {1}, new byte[100_000])));
    FrameTable frames = index(object, new ArrayList<>()).frames();
    assertThat(frames.length(0)).isEqualTo(16 + 100_000 + 8 + 5);
    assertThat(frames.length(1)).isLessThan(1000);
  }

  @Test
  void shouldReadEachEntryByTheRunThatTheEncoderTold() {
    int[] lengths = {5, 40_000, 30_000, 0, 200_000, 9, 2_000_000, 65_536, 65_536, 1};
    List<Entry> entries = Framed.entries(random, lengths);
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      List<Integer> runs = Framed.add(encoder, entries);
      byte[] object = encoder.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE);
      FramedIndex index = index(object, new ArrayList<>());
      for (int i = 0; i < lengths.length; i++) {
        FrameTable.Range told = encoder.run(runs.get(i));
        FramedIndex.Entry entry =
            Objects.requireNonNull(find(index, MemorySegment.ofArray(entries.get(i).key())));
        assertThat(index.frames().range(entry.bodyOffset(), entry.bodyBytes())).isEqualTo(told);
        assertThat(entry.dataBytes()).isEqualTo(lengths[i]);
        assertThat(entry.crc32c())
            .isEqualTo(BatchCodec.crc32c(MemorySegment.ofArray(entries.get(i).data())));
        assertHolds(run(object, told), entries.get(i));
      }
    }
  }

  private static void assertHolds(Batch batch, Entry expected) {
    boolean found = false;
    for (BatchEntry entry : batch) {
      if (entry.key().mismatch(MemorySegment.ofArray(expected.key())) < 0) {
        assertThat(entry.data().mismatch(MemorySegment.ofArray(expected.data()))).isEqualTo(-1);
        found = true;
      }
    }
    assertThat(found).isTrue();
  }

  @Test
  void shouldSortTheIndexByUnsignedBytesAndFindTheLastOfEqualKeys() {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      byte[] key = new byte[random.nextInt(6)];
      random.nextBytes(key);
      entries.add(new Entry(key, new byte[i % 50]));
    }
    byte[] object = Framed.encode(entries);
    FramedIndex index = index(object, new ArrayList<>());
    byte[][] before = {null};
    long[] count = new long[1];
    index.forEach((key, entry) -> {
      byte[] bytes = key.toArray(ValueLayout.JAVA_BYTE);
      if (before[0] != null) {
        assertThat(Arrays.compareUnsigned(before[0], bytes)).isLessThanOrEqualTo(0);
      }
      before[0] = bytes;
      count[0]++;
    });
    assertThat(count[0]).isEqualTo(3000);
    Entry last = entries.get(2999);
    FramedIndex.Entry found =
        Objects.requireNonNull(find(index, MemorySegment.ofArray(last.key())));
    assertThat(found.bodyOffset() + found.bodyBytes()).isEqualTo(index.rawBytes());
    assertThat(find(index, MemorySegment.ofArray(new byte[7]))).isNull();
    BatchCodecTest.assertSame(Framed.decode(object), entries);
  }

  @Test
  void shouldOpenWithOneReadOfTheTailOrTwoWhenTheIndexIsLonger() {
    int[] few = new int[50];
    Arrays.fill(few, 4096);
    byte[] small = Framed.encode(Framed.entries(random, few));
    List<Long> reads = new ArrayList<>();
    assertThat(index(small, reads).entries()).isEqualTo(50);
    assertThat(reads).containsExactly(65_536L);

    List<Entry> many = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      byte[] key = new byte[16];
      random.nextBytes(key);
      many.add(new Entry(key, new byte[0]));
    }
    reads.clear();
    byte[] object = Framed.encode(many);
    FramedIndex index = index(object, reads);
    assertThat(index.entries()).isEqualTo(20_000);
    assertThat(reads).containsExactly(65_536L, Framed.footer(object).index().bytes());
  }

  /** The last entry of a key, or null. */
  private static FramedIndex.@Nullable Entry find(FramedIndex index, MemorySegment key) {
    FramedIndex.Entry[] found = new FramedIndex.Entry[1];
    index.forEach((candidate, entry) -> {
      if (candidate.mismatch(key) < 0) {
        found[0] = entry;
      }
    });
    return found[0];
  }

  @Test
  void shouldEncodeTheSameAgainAndForgetWhatWasCleared() {
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      List<Entry> entries = Framed.entries(random, 60_000, 60_000, 100, 300_000, 200);
      encoder.add(key(entries, 0), data(entries, 0));
      encoder.add(key(entries, 2), data(entries, 2));
      encoder.add(key(entries, 3), data(entries, 3));
      byte[] object = encoder.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE);
      BatchCodecTest.assertSame(
          Framed.decode(object), List.of(entries.get(0), entries.get(2), entries.get(3)));
      assertThat(encoder.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(object);
      assertThatThrownBy(() -> encoder.claim(key(entries, 1), 1))
          .isInstanceOf(IllegalStateException.class);

      encoder.clear();
      encoder.add(key(entries, 4), data(entries, 4));
      BatchCodecTest.assertSame(
          Framed.decode(encoder.encode(Framed.HEADER).toArray(ValueLayout.JAVA_BYTE)),
          List.of(entries.get(4)));
    }
  }

  private static MemorySegment key(List<Entry> entries, int i) {
    return MemorySegment.ofArray(entries.get(i).key());
  }

  private static MemorySegment data(List<Entry> entries, int i) {
    return MemorySegment.ofArray(entries.get(i).data());
  }

  @Test
  void shouldRefuseWhatItCannotHold() {
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      MemorySegment key = MemorySegment.ofArray(new byte[1]);
      assertTooLarge(() -> encoder.claim(MemorySegment.ofArray(new byte[65_536]), 0));
      assertTooLarge(() -> encoder.claim(key, (1L << 30) + 1));
      encoder.add(MemorySegment.ofArray(new byte[65_535]), MemorySegment.ofArray(new byte[0]));
      assertTooLarge(() -> encoder.claim(key, (64L << 20) - 65_535 - 8 - 9 + 1));
      encoder.claim(key, (64L << 20) - 65_535 - 8 - 9);
      assertThat(encoder.entries()).isEqualTo(1);
    }
  }

  private static void assertTooLarge(org.assertj.core.api.ThrowableAssert.ThrowingCallable claim) {
    assertThatThrownBy(claim)
        .isInstanceOfSatisfying(
            BatchFormatException.class, e -> assertThat(e.check()).isEqualTo(Check.TOO_LARGE));
  }

  @Test
  void shouldHoldALoneEntryAboveTheCapOfSeveral() {
    int length = (65 << 20) + 17;
    try (FramedBatchEncoder encoder = new FramedBatchEncoder();
        Arena arena = Arena.ofConfined()) {
      MemorySegment key = MemorySegment.ofArray(new byte[16]);
      MemorySegment data = encoder.claim(key, length);
      data.fill((byte) 3);
      data.set(ValueLayout.JAVA_BYTE, length - 1L, (byte) 4);
      int run = encoder.keep(BatchCodec.crc32c(data));
      assertThatThrownBy(() -> encoder.claim(key, 0)).isInstanceOf(BatchFormatException.class);
      MemorySegment object = encoder.encode(Framed.HEADER);
      Batch batch = reader.decode(object, arena);
      assertThat(batch.count()).isEqualTo(1);
      assertThat(batch.entryAt(0).data().byteSize()).isEqualTo(length);
      FrameTable.Range range = encoder.run(run);
      assertThat(
              reader
                  .decodeRun(Framed.ID, 0, object.asSlice(range.offset(), range.length()), arena)
                  .body()
                  .mismatch(batch.body()))
          .isEqualTo(-1);
    }
  }
}
