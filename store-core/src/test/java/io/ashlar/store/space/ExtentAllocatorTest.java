package io.ashlar.store.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Campaign;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ExtentAllocatorTest {
  private static final long OPERATIONS = Campaign.count("test.allocations", 1_200_000);

  private final ExtentAllocator allocator = new ExtentAllocator();

  @Test
  void shouldHaveNothingAtFirst() {
    assertThat(allocator.allocate(1)).isEqualTo(-1);
    assertThat(allocator.freeBlocks()).isZero();
    assertThat(allocator.longestFree()).isZero();
    assertThat(allocator.firstFreeTail(100)).isEqualTo(100);
  }

  @Test
  void shouldTakeTheLowestRunThatIsLongEnough() {
    allocator.addFree(10, 2);
    allocator.addFree(20, 5);
    allocator.addFree(30, 4);
    assertThat(allocator.allocate(4)).isEqualTo(20);
    assertThat(allocator.allocate(2)).isEqualTo(10);
    assertThat(allocator.allocate(1)).isEqualTo(24);
    assertThat(allocator.allocate(5)).isEqualTo(-1);
    assertThat(allocator.allocate(4)).isEqualTo(30);
    assertThat(allocator.freeBlocks()).isZero();
  }

  @Test
  void shouldJoinNeighboursOnBothSides() {
    allocator.addFree(0, 30);
    assertThat(allocator.allocate(30)).isZero();
    allocator.free(0, 10);
    allocator.free(20, 10);
    assertThat(runs()).containsExactly("0+10", "20+10");
    allocator.free(10, 10);
    assertThat(runs()).containsExactly("0+30");
    assertThat(allocator.longestFree()).isEqualTo(30);
  }

  @Test
  void shouldTakeAnExtentAtAPlaceOnlyWhenAllOfItIsFree() {
    allocator.addFree(10, 10);
    assertThat(allocator.allocateAt(9, 2)).isFalse();
    assertThat(allocator.allocateAt(19, 2)).isFalse();
    assertThat(allocator.allocateAt(12, 3)).isTrue();
    assertThat(runs()).containsExactly("10+2", "15+5");
    assertThat(allocator.allocateAt(10, 2)).isTrue();
    assertThat(allocator.allocateAt(15, 1)).isTrue();
    assertThat(allocator.allocateAt(19, 1)).isTrue();
    assertThat(runs()).containsExactly("16+3");
    assertThat(allocator.freeBlocks()).isEqualTo(3);
  }

  @Test
  void shouldNameTheExtentOfADoubleFree() {
    allocator.addFree(10, 10);
    for (long[] extent : new long[][] {{10, 10}, {12, 1}, {5, 6}, {19, 5}, {5, 50}}) {
      assertThatThrownBy(() -> allocator.free(extent[0], extent[1]))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("start=" + extent[0] + ", blocks=" + extent[1]);
    }
    assertThat(runs()).containsExactly("10+10");
    assertThat(allocator.freeBlocks()).isEqualTo(10);
  }

  @Test
  void shouldRefuseExtentsThatCannotBe() {
    for (long[] extent :
        new long[][] {{-1, 1}, {0, 0}, {0, -1}, {1, ExtentAllocator.BLOCKS_MAX}, {1L << 62, 1}}) {
      assertThatThrownBy(() -> allocator.free(extent[0], extent[1]))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> allocator.allocateAt(extent[0], extent[1]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> allocator.allocate(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldFindTheFreeTail() {
    allocator.addFree(50, 10);
    assertThat(allocator.firstFreeTail(60)).isEqualTo(50);
    assertThat(allocator.firstFreeTail(61)).isEqualTo(61);
    assertThat(allocator.firstFreeTail(50)).isEqualTo(50);
    assertThat(allocator.firstFreeTail(0)).isZero();
  }

  @Test
  void shouldNotDependOnTheOrderInWhichSpaceBecameFree() {
    ExtentAllocator other = new ExtentAllocator();
    for (int i = 0; i < 1000; i++) {
      allocator.addFree(i * 10L, 5 + i % 3);
      int j = 999 - i;
      other.addFree(j * 10L, 5 + j % 3);
    }
    for (int blocks = 1; blocks < 300; blocks++) {
      assertThat(other.allocate(1 + blocks % 7)).isEqualTo(allocator.allocate(1 + blocks % 7));
    }
  }

  @Test
  void shouldRebuildAMillionRunsInAddressOrder() {
    long begun = System.nanoTime();
    for (long i = 0; i < 1_000_000; i++) {
      allocator.addFree(i * 3, 2);
    }
    System.out.printf(
        "allocator: 1,000,000 runs added in address order in %d ms%n",
        (System.nanoTime() - begun) / 1_000_000);
    assertThat(runs()).hasSize(1_000_000);
    assertThat(allocator.freeBlocks()).isEqualTo(2_000_000);
  }

  /** Promise G13: no extent is leaked, none is handed out twice. */
  @Test
  void shouldMatchABitSet() {
    long seed = Long.getLong("test.seed", System.nanoTime());
    System.out.println("allocator model: -Dtest.seed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    BitSet free = new BitSet();
    List<long[]> held = new ArrayList<>();
    long fileBlocks = 0;
    long heldBlocks = 0;
    long operations = 0;
    long begun = System.nanoTime();
    while (operations < OPERATIONS) {
      operations++;
      int choice = random.nextInt(100);
      if (choice < 2 && fileBlocks < 20_000) {
        long blocks = 1L + random.nextInt(2000);
        allocator.addFree(fileBlocks, blocks);
        free.set((int) fileBlocks, (int) (fileBlocks + blocks));
        fileBlocks += blocks;
      } else if (choice < 45) {
        long blocks = 1L + (random.nextInt(10) == 0 ? random.nextInt(300) : random.nextInt(8));
        long start = allocator.allocate(blocks);
        assertThat(start)
            .as("seed=%d, operation=%d", seed, operations)
            .isEqualTo(fit(free, blocks));
        if (start >= 0) {
          free.clear((int) start, (int) (start + blocks));
          held.add(new long[] {start, blocks});
          heldBlocks += blocks;
        }
      } else if (choice < 52 && fileBlocks > 0) {
        long start = random.nextLong(fileBlocks);
        long blocks = 1L + random.nextInt(6);
        boolean whole = free.nextClearBit((int) start) >= start + blocks;
        assertThat(allocator.allocateAt(start, blocks)).isEqualTo(whole);
        if (whole) {
          free.clear((int) start, (int) (start + blocks));
          held.add(new long[] {start, blocks});
          heldBlocks += blocks;
        }
      } else if (!held.isEmpty()) {
        heldBlocks -= freeOne(random, held, free);
      }
      assertThat(allocator.freeBlocks()).isEqualTo(fileBlocks - heldBlocks);
      if (operations % 20_000 == 0) {
        assertSame(free, fileBlocks, seed);
      }
    }
    for (long[] extent : held) {
      allocator.free(extent[0], extent[1]);
    }
    assertThat(runs()).containsExactly("0+" + fileBlocks);
    System.out.printf(
        "allocator model: %,d operations in %d ms%n",
        operations, (System.nanoTime() - begun) / 1_000_000);
  }

  private long freeOne(SplittableRandom random, List<long[]> held, BitSet free) {
    int index = random.nextInt(held.size());
    long[] extent = held.get(index);
    long start = extent[0];
    long blocks = extent[1];
    if (blocks > 1 && random.nextBoolean()) {
      blocks = 1L + random.nextLong(blocks - 1);
      extent[0] += blocks;
      extent[1] -= blocks;
    } else {
      held.set(index, held.getLast());
      held.removeLast();
    }
    allocator.free(start, blocks);
    free.set((int) start, (int) (start + blocks));
    return blocks;
  }

  private void assertSame(BitSet free, long fileBlocks, long seed) {
    List<String> expected = new ArrayList<>();
    long longest = 0;
    for (int at = free.nextSetBit(0); at >= 0; ) {
      int end = free.nextClearBit(at);
      expected.add(at + "+" + (end - at));
      longest = Math.max(longest, end - at);
      at = free.nextSetBit(end);
    }
    assertThat(runs()).as("seed=%d", seed).isEqualTo(expected);
    assertThat(allocator.longestFree()).isEqualTo(longest);
    int tail = free.previousClearBit((int) fileBlocks - 1) + 1;
    assertThat(allocator.firstFreeTail(fileBlocks)).isEqualTo(tail);
  }

  private static long fit(BitSet free, long blocks) {
    for (int at = free.nextSetBit(0); at >= 0; ) {
      int end = free.nextClearBit(at);
      if (end - at >= blocks) {
        return at;
      }
      at = free.nextSetBit(end);
    }
    return -1;
  }

  private List<String> runs() {
    List<String> runs = new ArrayList<>();
    allocator.forEachFree((start, blocks) -> runs.add(start + "+" + blocks));
    return runs;
  }
}
