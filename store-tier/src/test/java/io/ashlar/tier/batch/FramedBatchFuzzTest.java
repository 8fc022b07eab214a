package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.Campaign;
import io.ashlar.tier.batch.BatchCodecTest.Entry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Hostile inputs of version 3: each is decoded or refused by type, whole, by its index, by ranges
 * and by a salvage, and none takes more memory than it can justify. {@code -Dashlar.fuzz.count}
 * sets how many, {@code -Dtest.seed} which.
 */
@Tag("campaign")
class FramedBatchFuzzTest {
  private static final int COUNT = Campaign.count("ashlar.fuzz.count", 20_000);
  private static final long RAW_BYTES_MAX = 4 << 20;

  /** One in so many inputs comes from an object with large entries, which takes longest. */
  private static final int LARGE_EVERY = 50;

  private final FramedBatchReader reader = new FramedBatchReader(RAW_BYTES_MAX);
  private final int[] decoded = new int[4];
  private final int[] refused = new int[4];
  private int salvagedAll;

  @Test
  @SuppressWarnings("SystemOut")
  void shouldDecodeOrRefuseWhateverComes() {
    long seed = Long.getLong("test.seed", System.nanoTime());
    System.out.println(
        "FramedBatchFuzzTest: -Dtest.seed=" + seed + " -Dashlar.fuzz.count=" + COUNT);
    Random random = new Random(seed);
    List<byte[]> corpus = corpus();
    List<byte[]> large = large();
    for (int i = 0; i < COUNT; i++) {
      List<byte[]> sources = i % LARGE_EVERY == 0 ? large : corpus;
      byte[] source = sources.get(random.nextInt(sources.size()));
      byte[] input = mutate(random, source);
      try {
        tryAll(random, input);
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed=" + seed + ", input " + i, e);
      }
    }
    System.out.println(
        "FramedBatchFuzzTest: whole, index, run, salvage: decoded="
            + Arrays.toString(decoded)
            + ", refused="
            + Arrays.toString(refused)
            + ", salvaged completely="
            + salvagedAll);
    Campaign.report("fuzz framed", COUNT, 0, seed);
    for (int way = 0; way < 3; way++) {
      assertThat(decoded[way]).isPositive();
      assertThat(refused[way]).isPositive();
    }
    assertThat(salvagedAll).isPositive();
  }

  private void tryAll(Random random, byte[] input) {
    MemorySegment object = MemorySegment.ofArray(input);
    long justified = Math.min(RAW_BYTES_MAX, 255L * input.length);
    try (Arena arena = Arena.ofConfined()) {
      count(
          0,
          () -> {
            Batch batch = reader.decode(object, new BoundedAllocator(arena, justified));
            assertSameAgain(batch);
          });
      count(
          1,
          () -> {
            FramedIndex index =
                reader.openIndex(
                    Framed.ID,
                    input.length,
                    (offset, target) -> target.copyFrom(object.asSlice(offset, target.byteSize())),
                    new BoundedAllocator(arena, 255L * input.length));
            index.forEach((key, entry) -> {
              FrameTable.Range range = index.frames().range(entry.bodyOffset(), entry.bodyBytes());
              assertThat(range.offset() + range.length()).isLessThanOrEqualTo(input.length);
            });
          });
      int from = random.nextInt(4) > 0 ? 64 : random.nextInt(input.length + 1);
      int to = random.nextInt(4) > 0 ? framesEnd(input) : random.nextInt(input.length + 1);
      if (from <= to && to <= input.length) {
        MemorySegment run = object.asSlice(from, to - from);
        count(2, () -> reader.decodeRun(Framed.ID, 0, run, new BoundedAllocator(arena, justified)));
      }
      count(
          3,
          () -> {
            Salvage salvage = reader.salvage(object, new BoundedAllocator(arena, justified));
            long entries = 0;
            for (BatchEntry entry : salvage.batch()) {
              entries += entry.key().byteSize() >= 0 ? 1 : 0;
            }
            assertThat(entries).isEqualTo(salvage.entriesFound());
            salvagedAll += salvage.isComplete() ? 1 : 0;
          });
    }
  }

  private void count(int way, Runnable read) {
    try {
      read.run();
      decoded[way]++;
    } catch (BatchFormatException e) {
      // A salvage takes what it finds, and refuses nothing.
      assertThat(way).isNotEqualTo(3);
      refused[way]++;
    } catch (FrameKeyException e) {
      refused[way]++; // a flag and its checksum came about that say it is encrypted
    }
  }

  /** Whatever is decoded encodes to the same entries. */
  private void assertSameAgain(Batch batch) {
    try (FramedBatchEncoder encoder = new FramedBatchEncoder();
        Arena arena = Arena.ofConfined()) {
      for (BatchEntry entry : batch) {
        encoder.add(entry.key(), entry.data());
      }
      Batch second = reader.decode(encoder.encode(Framed.HEADER), arena);
      assertThat(second.count()).isEqualTo(batch.count());
      assertThat(second.body().mismatch(batch.body())).isEqualTo(-1);
    }
  }

  private static int framesEnd(byte[] input) {
    if (input.length < 128) {
      return input.length;
    }
    long end = FramedBytes.little(input).getLong(input.length - 64);
    return end >= 64 && end <= input.length ? (int) end : input.length;
  }

  private static List<byte[]> corpus() {
    Random random = new Random(1);
    List<byte[]> corpus = new ArrayList<>();
    corpus.add(Framed.encode(List.of()));
    corpus.add(Framed.encode(List.of(BatchCodecTest.entry("", ""))));
    corpus.add(Framed.encode(Framed.entries(random, 3, 0, 300, 1, 50)));
    corpus.add(
        Framed.encode(
            List.of(
                BatchCodecTest.entry("same", "1"),
                BatchCodecTest.entry("same", "2"),
                BatchCodecTest.entry("sam", ""),
                BatchCodecTest.entry("same", "1"))));
    corpus.add(Framed.encode(List.of(Framed.noise(random, "noise", 200))));
    corpus.add(Framed.encode(Framed.entries(random, new int[64])));
    return corpus;
  }

  private static List<byte[]> large() {
    return List.of(
        Framed.encode(
            List.of(
                new Entry(new byte[] {1}, new byte[66_000]),
                BatchCodecTest.entry("a", "b"),
                new Entry(new byte[] {2}, new byte[65_000]))),
        Framed.encode(
            List.of(
                new Entry(new byte[] {9}, new byte[1_100_000]), BatchCodecTest.entry("a", "b"))));
  }

  private static byte[] mutate(Random random, byte[] source) {
    byte[] input = source.clone();
    int way = random.nextInt(10);
    if (way == 0) {
      input = withMutatedIndex(random, input);
    }
    int mutations = way == 0 ? random.nextInt(2) : 1 + random.nextInt(4);
    for (int i = 0; i < mutations && input.length > 0; i++) {
      input = mutateOnce(random, input);
    }
    // Checksums that are right let the input reach the checks behind them.
    switch (random.nextInt(8)) {
      case 0 -> {}
      case 1 -> FramedBytes.fixHeader(input);
      case 2 -> FramedBytes.fixFrames(input, framesEnd(input));
      default -> FramedBytes.fixAll(input);
    }
    return input;
  }

  private static byte[] withMutatedIndex(Random random, byte[] input) {
    FramedBytes parts = FramedBytes.of(input);
    byte[] raw = parts.rawIndex();
    int mutations = 1 + random.nextInt(3);
    for (int i = 0; i < mutations && raw.length > 0; i++) {
      raw = mutateOnce(random, raw);
    }
    return parts.withRawIndex(raw).toObject();
  }

  private static byte[] mutateOnce(Random random, byte[] input) {
    if (input.length == 0) {
      return input;
    }
    int at = place(random, input.length);
    switch (random.nextInt(8)) {
      case 0 -> input[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> input[at] = (byte) random.nextInt(256);
      case 2 -> input[at] = (byte) 0xff;
      case 3 -> input[at]++;
      case 4 -> {
        if (input.length - at >= 4) {
          ByteBuffer bytes = FramedBytes.little(input);
          bytes.putInt(at, bytes.getInt(at) + random.nextInt(33) - 16);
        }
      }
      case 5 -> {
        return random.nextInt(4) == 0 ? Arrays.copyOf(input, at) : input;
      }
      case 6 -> {
        int more = 1 + random.nextInt(8);
        byte[] longer = Arrays.copyOf(input, input.length + more);
        System.arraycopy(input, at, longer, at + more, input.length - at);
        return longer;
      }
      default -> {
        byte[] noise = new byte[random.nextInt(Math.min(16, input.length - at) + 1)];
        random.nextBytes(noise);
        System.arraycopy(noise, 0, input, at, noise.length);
      }
    }
    return input;
  }

  /** Most of the interest is in header, the first frame's header, and footer. */
  private static int place(Random random, int length) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(Math.min(length, 84));
      case 1 -> length - 1 - random.nextInt(Math.min(length, 64));
      default -> random.nextInt(length);
    };
  }

  @Test
  void shouldStillDecodeItsCorpus() {
    for (byte[] object : corpus()) {
      byte[] fixed = object.clone();
      FramedBytes.fixAll(fixed);
      assertThat(fixed).isEqualTo(object);
      assertThat(FramedBytes.of(object).toObject()).isEqualTo(object);
      try (Arena arena = Arena.ofConfined()) {
        Batch batch = reader.decode(MemorySegment.ofArray(object), arena);
        assertThat(batch.body().toArray(ValueLayout.JAVA_BYTE))
            .hasSize((int) batch.header().bodyBytes());
      }
    }
  }
}
