package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.Campaign;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Hostile inputs: each is decoded or refused by type, allocates no more than it can justify, and
 * what is decoded encodes to the same entries. {@code -Dashlar.fuzz.count} sets how many, {@code
 * -Dtest.seed} which.
 */
@Tag("campaign")
class BatchFuzzTest {
  private static final int COUNT = Campaign.count("ashlar.fuzz.count", 20_000);
  private static final long BODY_BYTES_MAX = 1 << 20;

  private final BatchCodec codec = new BatchCodec(BODY_BYTES_MAX);
  private int decoded;
  private int refused;

  @Test
  @SuppressWarnings("SystemOut")
  void shouldDecodeOrRefuseWhateverComes() throws IOException {
    long seed = Long.getLong("test.seed", System.nanoTime());
    System.out.println("BatchFuzzTest: -Dtest.seed=" + seed + " -Dashlar.fuzz.count=" + COUNT);
    Random random = new Random(seed);
    List<byte[]> corpus = corpus();
    for (int i = 0; i < COUNT; i++) {
      byte[] input = mutate(random, corpus.get(random.nextInt(corpus.size())));
      try {
        tryDecode(input);
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed=" + seed + ", input " + i, e);
      }
    }
    System.out.println("BatchFuzzTest: decoded=" + decoded + ", refused=" + refused);
    Campaign.report("fuzz", COUNT, 0, seed);
    assertThat(decoded).isPositive();
    assertThat(refused).isPositive();
  }

  private void tryDecode(byte[] input) {
    try (Arena arena = Arena.ofConfined()) {
      BoundedAllocator bounded =
          new BoundedAllocator(arena, Math.min(BODY_BYTES_MAX, 255L * input.length));
      Batch batch;
      try {
        batch = codec.decode(MemorySegment.ofArray(input), bounded);
      } catch (BatchFormatException e) {
        refused++;
        return;
      }
      decoded++;
      try (BatchEncoder encoder = codec.newEncoder()) {
        for (BatchEntry entry : batch) {
          encoder.add(entry.key(), entry.data());
        }
        byte[] again = encoder.encode().toArray(ValueLayout.JAVA_BYTE);
        Batch second = codec.decode(MemorySegment.ofArray(again), arena);
        assertThat(second.count()).isEqualTo(batch.count());
        assertThat(second.body().mismatch(batch.body())).isEqualTo(-1);
      }
    }
  }

  private static List<byte[]> corpus() throws IOException {
    List<byte[]> corpus = new ArrayList<>();
    for (var fixture : BatchFixturesTest.index().get("fixtures")) {
      corpus.add(BatchFixturesTest.fixture(fixture.get("file").asText()));
    }
    return corpus;
  }

  private static byte[] mutate(Random random, byte[] source) {
    byte[] input = source.clone();
    int mutations = 1 + random.nextInt(6);
    for (int i = 0; i < mutations && input.length > 0; i++) {
      int at = random.nextInt(input.length);
      // Most of the interest is in the first bytes of the block and in the lengths.
      if (random.nextInt(3) == 0) {
        at = random.nextInt(Math.min(input.length, 48));
      }
      switch (random.nextInt(7)) {
        case 0 -> input[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> input[at] = (byte) random.nextInt(256);
        case 2 -> input[at] = (byte) 0xff;
        case 3 -> input[at] = 0;
        case 4 -> input = Arrays.copyOf(input, at);
        case 5 -> {
          byte[] longer = Arrays.copyOf(input, input.length + 1 + random.nextInt(8));
          System.arraycopy(
              input, at, longer, longer.length - (input.length - at), input.length - at);
          input = longer;
        }
        default -> {
          byte[] noise = new byte[random.nextInt(Math.min(16, input.length - at) + 1)];
          random.nextBytes(noise);
          System.arraycopy(noise, 0, input, at, noise.length);
        }
      }
    }
    // A checksum that is right lets the input reach the checks behind it.
    if (input.length > BatchCodec.HEADER_BYTES && random.nextInt(8) != 0) {
      System.arraycopy(new byte[] {'L', 'C', 'B', '1', 2, 0, 0, 0}, 0, input, 0, 8);
      if (random.nextBoolean() && input.length >= 24) {
        System.arraycopy(input, BatchCodec.SIZE_OFFSET, input, BatchCodec.HEADER_BYTES, 4);
      }
      BatchCodecTest.fixChecksum(input);
    }
    return input;
  }
}
