package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What frames of 64 KiB cost and save, on 16 MiB of JSON; the data is the same in each run. */
class FramedRatioTest {
  private static final int BODY_BYTES = 16 << 20;
  private static final String[] STATES = {"ACTIVE", "SUSPENDED", "CLOSED", "PENDING_REVIEW"};
  private static final String[] CITIES = {"Berlin", "Lagos", "Osaka", "Lima", "Oslo", "Austin"};

  private static final int TEXT_BYTES = 4 << 20;
  private static final MemorySegment TEXT = MemorySegment.ofArray(json());

  private final Random random = new Random(43);

  /** Longer than LZ4 looks back, so that going round does not help it. */
  private static byte[] json() {
    Random random = new Random(42);
    StringBuilder text = new StringBuilder();
    while (text.length() < TEXT_BYTES) {
      text.append("{\"user\":\"u-").append(random.nextInt(1_000_000));
      text.append("\",\"state\":\"").append(STATES[random.nextInt(STATES.length)]);
      text.append("\",\"city\":\"").append(CITIES[random.nextInt(CITIES.length)]);
      text.append("\",\"amount\":").append(random.nextInt(1_000_000)).append(".25");
      text.append(",\"at\":").append(1_763_661_600_000L + random.nextInt(86_400_000));
      text.append(",\"trace\":\"").append(Long.toHexString(random.nextLong())).append("\"},");
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private MemorySegment key(boolean counted, int number) {
    ByteBuffer key = ByteBuffer.allocate(16);
    key.putLong(counted ? 7 : random.nextLong()).putLong(counted ? number : random.nextLong());
    return MemorySegment.ofArray(key.array());
  }

  @ParameterizedTest
  @CsvSource({"256, true", "256, false", "4096, true", "4096, false"})
  @SuppressWarnings("SystemOut")
  @Tag("campaign")
  void shouldCompressAlmostAsWellAsAWholeBatchAndFetchAFractionOfIt(int length, boolean counted) {
    try (BatchEncoder whole = new BatchCodec().newEncoder();
        FramedBatchEncoder framed = new FramedBatchEncoder();
        Arena arena = Arena.ofConfined()) {
      for (int i = 0; whole.bodyBytes() < BODY_BYTES; i++) {
        MemorySegment key = key(counted, i);
        MemorySegment data = TEXT.asSlice((long) i * length % (TEXT_BYTES - length), length);
        whole.add(key, data);
        framed.add(key, data);
      }
      double raw = whole.bodyBytes();
      long wholeBytes = whole.encode().byteSize();
      MemorySegment object = framed.encode(Framed.HEADER);
      FrameTable frames =
          Objects.requireNonNull(
              new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT)
                  .decode(object, arena)
                  .frames());
      long frameBytes = IntStream.range(0, frames.count()).mapToLong(frames::length).sum();
      long perBlob = frameBytes / frames.count();
      System.out.printf(
          Locale.ROOT,
          "batch v3: entries=%d of %d B, ids %s: ratio v2 %.3f, frames %.3f (%.1f %%), with index"
              + " %.3f (%.1f %%); index %d B; fetched for a blob: v2 %d B, v3 %d B (1/%d)%n",
          whole.entries(),
          length,
          counted ? "counted" : "random",
          raw / wholeBytes,
          raw / frameBytes,
          100.0 * wholeBytes / frameBytes,
          raw / object.byteSize(),
          100.0 * wholeBytes / object.byteSize(),
          object.byteSize() - frameBytes - 128,
          wholeBytes,
          perBlob,
          wholeBytes / perBlob);
      assertThat((double) wholeBytes / frameBytes).isGreaterThan(0.97);
      assertThat(wholeBytes / perBlob).isGreaterThan(200);
    }
  }
}
