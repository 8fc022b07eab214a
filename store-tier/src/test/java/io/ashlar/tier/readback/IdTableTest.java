package io.ashlar.tier.readback;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class IdTableTest {
  @Test
  void shouldBehaveLikeAMap() {
    long seed = Long.getLong("test.seed", 42);
    SplittableRandom random = new SplittableRandom(seed);
    Map<BlobId, Long> expected = new HashMap<>();
    try (IdTable table = new IdTable(0)) {
      for (int i = 0; i < 200_000; i++) {
        BlobId id = new BlobId(random.nextInt(4), random.nextInt(40_000));
        long value = random.nextLong() >>> 2;
        if (random.nextBoolean()) {
          table.put(id.high(), id.low(), value, ~value);
          expected.put(id, value);
        } else {
          boolean put = table.putIfAbsent(id.high(), id.low(), value, ~value);
          assertThat(put).as("seed=%d", seed).isEqualTo(expected.putIfAbsent(id, value) == null);
        }
      }
      assertThat(table.size()).isEqualTo(expected.size());
      expected.forEach((id, value) -> {
        long position = table.find(id.high(), id.low());
        assertThat(table.first(position)).isEqualTo(Objects.requireNonNull(value));
        assertThat(table.second(position)).isEqualTo(~value);
      });
      assertThat(table.find(5, 5)).isEqualTo(-1);
      assertThat(table.bytes() / table.size()).isBetween(45L, 92L);
    }
  }

  @Test
  void shouldHoldTheIdOfZeroes() {
    try (IdTable table = new IdTable(10)) {
      assertThat(table.find(0, 0)).isEqualTo(-1);
      assertThat(table.putIfAbsent(0, 0, 0, 0)).isTrue();
      assertThat(table.putIfAbsent(0, 0, 1, 1)).isFalse();
      assertThat(table.first(table.find(0, 0))).isZero();
    }
  }
}
