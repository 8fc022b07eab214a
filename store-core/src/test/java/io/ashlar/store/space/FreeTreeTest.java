package io.ashlar.store.space;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FreeTreeTest {
  private static final int OPERATIONS = 20_000;
  private static final int BLOCKS = 3 << 20; // several levels of nodes
  private static final int LONGEST = 200_000;

  private final FreeTree tree = new FreeTree();

  private List<String> runs() {
    List<String> runs = new ArrayList<>();
    tree.forEach((start, blocks) -> runs.add(start + "+" + blocks));
    return runs;
  }

  @Test
  void shouldHoldAllBlocksThereCanBe() {
    assertThat(tree.mark(0, ExtentAllocator.BLOCKS_MAX, true)).isTrue();
    assertThat(tree.longest()).isEqualTo(ExtentAllocator.BLOCKS_MAX);
    long middle = ExtentAllocator.BLOCKS_MAX / 2 + 12_345;
    assertThat(tree.mark(middle, middle + 1, false)).isTrue();
    assertThat(tree.firstUsed(0)).isEqualTo(middle);
    assertThat(tree.runStart(ExtentAllocator.BLOCKS_MAX)).isEqualTo(middle + 1);
    assertThat(tree.firstFit(middle + 1)).isEqualTo(-1);
    assertThat(tree.firstFit(middle)).isZero();
    assertThat(tree.mark(middle, middle + 1, true)).isTrue();
    assertThat(runs()).containsExactly("0+" + ExtentAllocator.BLOCKS_MAX);
  }

  @Test
  void shouldChangeNothingIfOneOfManyBlocksIsTakenAlready() {
    tree.mark(0, 100_000, true);
    tree.mark(70_000, 70_001, false);
    assertThat(tree.mark(0, 100_000, false)).isFalse();
    assertThat(tree.mark(69_999, 70_002, false)).isFalse();
    assertThat(tree.mark(60_000, 70_001, true)).isFalse();
    assertThat(tree.mark(99_999, 100_001, false)).isFalse();
    assertThat(runs()).containsExactly("0+70000", "70001+29999");
  }

  @Test
  void shouldFindRunsThatSpanNodes() {
    tree.mark(16_000, 17_000, true); // over the end of the first node of leaves
    tree.mark(262_000, 263_000, true); // and of the first node above
    assertThat(tree.firstFit(1000)).isEqualTo(16_000);
    tree.mark(16_500, 16_501, false);
    assertThat(tree.firstFit(1000)).isEqualTo(262_000);
    assertThat(tree.longest()).isEqualTo(1000);
  }

  @Test
  void shouldMatchABitSet() {
    long seed = Long.getLong("test.seed", System.nanoTime());
    System.out.println("free tree model: -Dtest.seed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    BitSet free = new BitSet(BLOCKS);
    for (int i = 0; i < OPERATIONS; i++) {
      int start = random.nextInt(BLOCKS);
      int most = random.nextInt(3) == 0 ? LONGEST : random.nextInt(3) == 0 ? 2000 : 8;
      int end = Math.min(BLOCKS, start + 1 + random.nextInt(most));
      boolean toFree = random.nextBoolean();
      boolean can = toFree ? nextSet(free, start) >= end : free.nextClearBit(start) >= end;
      assertThat(tree.mark(start, end, toFree)).as("seed=%d, operation=%d", seed, i).isEqualTo(can);
      if (can) {
        free.set(start, end, toFree);
      }
      int block = random.nextInt(BLOCKS);
      assertThat(tree.firstUsed(block)).isEqualTo(free.nextClearBit(block));
      assertThat(tree.runStart(block)).isEqualTo(free.previousClearBit(block - 1) + 1);
      if (i % 200 == 0) {
        assertThat(runs()).as("seed=%d, operation=%d", seed, i).isEqualTo(runs(free));
        int least = 1 + random.nextInt(random.nextBoolean() ? 10 : 100_000);
        assertThat(tree.firstFit(least)).isEqualTo(fit(free, least));
      }
    }
  }

  private static int nextSet(BitSet free, int from) {
    int next = free.nextSetBit(from);
    return next < 0 ? Integer.MAX_VALUE : next;
  }

  private static List<String> runs(BitSet free) {
    List<String> runs = new ArrayList<>();
    for (int at = free.nextSetBit(0); at >= 0; at = free.nextSetBit(free.nextClearBit(at))) {
      runs.add(at + "+" + (free.nextClearBit(at) - at));
    }
    return runs;
  }

  private static long fit(BitSet free, int least) {
    for (int at = free.nextSetBit(0); at >= 0; at = free.nextSetBit(free.nextClearBit(at))) {
      if (free.nextClearBit(at) - at >= least) {
        return at;
      }
    }
    return -1;
  }
}
