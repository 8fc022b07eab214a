package io.ashlar.store.read.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CacheMemoryTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());

  private record Run(int start, int count) {}

  @Test
  void shouldNeverGiveABlockToTwoAndLoseNone() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int blocks : new int[] {1, 7, 256, 1000}) {
      try (CacheMemory memory = new CacheMemory(blocks * 4096L)) {
        BitSet used = new BitSet();
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
          if (random.nextBoolean()) {
            int count = 1 + random.nextInt(random.nextInt(4) == 0 ? blocks : Math.min(20, blocks));
            int start = memory.allocate(count);
            if (start >= 0) {
              assertThat(start + count).isLessThanOrEqualTo(blocks);
              assertThat(used.get(start, start + count).isEmpty()).as("seed %d", SEED).isTrue();
              used.set(start, start + count);
              runs.add(new Run(start, count));
            }
          } else if (!runs.isEmpty()) {
            Run run = runs.remove(random.nextInt(runs.size()));
            used.clear(run.start, run.start + run.count);
            memory.free(run.start, run.count);
          }
          assertThat(memory.freeBlocks()).isEqualTo(blocks - used.cardinality());
        }
        runs.forEach(run -> memory.free(run.start, run.count));
        assertThat(memory.freeBlocks()).isEqualTo(blocks);
        int whole = Integer.highestOneBit(blocks);
        assertThat(memory.allocate(whole)).as("all neighbours have merged").isZero();
      }
    }
  }

  @Test
  void shouldUseEveryBlockForRunsOfAnyLength() {
    try (CacheMemory memory = new CacheMemory(64 * 4096L)) {
      int given = 0;
      while (memory.allocate(5) >= 0) {
        given += 5;
      }
      assertThat(given).isGreaterThanOrEqualTo(40);
      while (memory.allocate(1) >= 0) {
        given++;
      }
      assertThat(given).isEqualTo(64);
    }
  }
}
