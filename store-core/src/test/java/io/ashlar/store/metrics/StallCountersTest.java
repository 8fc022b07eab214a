package io.ashlar.store.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StallCause;
import io.ashlar.store.StallStats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The layout that another process may rely on. */
class StallCountersTest {

  private final long[] longs = new long[StallCounters.BYTES / Long.BYTES];
  private final MemorySegment memory = MemorySegment.ofArray(longs);
  private final StallCounters counters = new StallCounters(memory);

  @Test
  void shouldKeepTheIdsOfEarlierVersions() {
    assertThat(Arrays.stream(StallCause.values()).map(cause -> cause.id() + " " + cause))
        .containsExactly(
            "0 ROLE",
            "1 WRITE",
            "2 SYNC",
            "3 GROWTH",
            "4 CHECKPOINT",
            "5 SCHEDULING",
            "6 BUFFERS",
            "7 VACUUM",
            "8 TASK",
            "9 WORK");
  }

  @Test
  void shouldLieInTheOrderOfIds() {
    counters.addTime(StallCause.GROWTH, 5);
    counters.addTime(StallCause.GROWTH, 3);
    counters.addStall(StallCause.GROWTH);
    counters.addTime(StallCause.WORK, 0x0102_0304_0506_0708L);
    ByteBuffer bytes =
        ByteBuffer.wrap(memory.toArray(ValueLayout.JAVA_BYTE)).order(ByteOrder.LITTLE_ENDIAN);
    for (int offset = 0; offset < StallCounters.BYTES; offset += Long.BYTES) {
      long expected =
          switch (offset) {
            case 72 -> 1; // 24 × 3
            case 80 -> 8;
            case 88 -> 5;
            case 224, 232 -> 0x0102_0304_0506_0708L; // 24 × 9 + 8
            default -> 0;
          };
      assertThat(bytes.getLong(offset)).as("offset %d", offset).isEqualTo(expected);
    }
    assertThat(bytes.get(224)).as("the lowest byte first").isEqualTo((byte) 8);
  }

  @Test
  void shouldContinueInAMemoryThatHoldsCounts() {
    counters.addStall(StallCause.SYNC);
    StallCounters later = new StallCounters(memory);
    later.addTime(StallCause.SYNC, 7);
    assertThat(later.stats().get(StallCause.SYNC.id()))
        .isEqualTo(new StallStats(StallCause.SYNC, 1, 7, 7));
  }
}
