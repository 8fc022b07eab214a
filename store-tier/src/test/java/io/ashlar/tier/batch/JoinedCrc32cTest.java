package io.ashlar.tier.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class JoinedCrc32cTest {
  private static int crc(byte[] bytes, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }

  @Test
  void shouldJoinWhereverATextIsCut() {
    Random random = new Random(Long.getLong("test.seed", 7));
    for (int length : new int[] {0, 1, 2, 63, 64, 65, 1000, 70_000, 3_000_000}) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      for (int i = 0; i < 40; i++) {
        int cut = i == 0 ? 0 : i == 1 ? length : random.nextInt(length + 1);
        assertThat(JoinedCrc32c.join(crc(bytes, 0, cut), crc(bytes, cut, length), length - cut))
            .as("length %d, cut at %d", length, cut)
            .isEqualTo(crc(bytes, 0, length));
      }
    }
  }

  /** The second piece is zeros, so its checksum can be joined from halves. */
  @Test
  void shouldJoinPiecesThatAreLongerThanAnyArray() {
    int zeros = crc(new byte[1], 0, 1);
    long length = 1;
    while (length < 1L << 40) {
      zeros = JoinedCrc32c.join(zeros, zeros, length);
      length *= 2;
    }
    int first = crc(new byte[] {1, 2, 3}, 0, 3);
    int atOnce = JoinedCrc32c.join(first, zeros, length);
    int inSteps = first;
    int step = crc(new byte[1], 0, 1);
    // The same zeros as 2^40 = 1 + 1 + 2 + 4 + … + 2^39.
    inSteps = JoinedCrc32c.join(inSteps, step, 1);
    for (long bytes = 1; bytes < length; bytes *= 2) {
      inSteps = JoinedCrc32c.join(inSteps, step, bytes);
      step = JoinedCrc32c.join(step, step, bytes);
    }
    assertThat(atOnce).isEqualTo(inSteps);
  }
}
