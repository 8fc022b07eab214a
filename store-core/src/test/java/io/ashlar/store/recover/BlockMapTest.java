package io.ashlar.store.recover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BlockMapTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final long HEAP = 64 << 20;

  private static List<String> freeRuns(BlockMap map) {
    List<String> runs = new ArrayList<>();
    map.free().forEachFree((start, blocks) -> runs.add(start + "+" + blocks));
    return runs;
  }

  private static List<String> freeRuns(BitSet used, int fileBlocks) {
    List<String> runs = new ArrayList<>();
    for (int start = used.nextClearBit(0); start < fileBlocks; ) {
      int next = used.nextSetBit(start);
      int end = next < 0 ? fileBlocks : Math.min(next, fileBlocks);
      runs.add(start + "+" + (end - start));
      start = used.nextClearBit(end);
    }
    return runs;
  }

  @Test
  void shouldFindEveryFreeRunAndEveryBlockThatIsUsedTwice() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int round = 0; round < 60; round++) {
      int fileBlocks = 2 + random.nextInt(5 * BlockMapPart.BLOCKS);
      BlockMap map = new BlockMap(fileBlocks, HEAP);
      BitSet model = new BitSet();
      map.use(0, 2, "superblocks");
      model.set(0, 2);
      // Some rounds stay sparse, some make parts change to bits.
      int extents = 1 + random.nextInt(round % 3 == 0 ? 6_000 : 200);
      for (int i = 0; i < extents; i++) {
        int start = random.nextInt(fileBlocks);
        int longest = random.nextInt(50) == 0 ? 70_000 : 5;
        int blocks = Math.min(fileBlocks - start, 1 + random.nextInt(longest));
        int taken = model.nextSetBit(start);
        if (taken >= 0 && taken < start + blocks) {
          String block = "block=" + taken;
          assertThatThrownBy(() -> map.use(start, blocks, "twice"))
              .as("seed %d, round %d", SEED, round)
              .isInstanceOf(CorruptionException.class)
              .hasMessageEndingWith(block);
          model.set(start, Math.max(start, taken / BlockMapPart.BLOCKS * BlockMapPart.BLOCKS));
        } else {
          map.use(start, blocks, "blob");
          model.set(start, start + blocks);
        }
      }
      assertThat(freeRuns(map)).as("seed %d", SEED).isEqualTo(freeRuns(model, fileBlocks));
      assertThat(map.highestEnd()).isGreaterThanOrEqualTo(model.length());
    }
  }

  @Test
  void shouldRefuseWhatLeavesTheFile() {
    BlockMap map = new BlockMap(100, HEAP);
    assertThatThrownBy(() -> map.use(99, 2, "blob")).isInstanceOf(CorruptionException.class);
    assertThatThrownBy(() -> map.use(-1, 2, "blob")).isInstanceOf(CorruptionException.class);
    assertThatThrownBy(() -> map.use(1, Long.MAX_VALUE, "blob"))
        .isInstanceOf(CorruptionException.class);
  }

  @Test
  void shouldTakeLittleHeapForBlobsScatteredOverAHole() {
    long blobs = 20_000;
    BlockMap map = new BlockMap((blobs + 1) * BlockMapPart.BLOCKS, HEAP);
    map.use(0, 2, "superblocks");
    for (long i = 1; i <= blobs; i++) {
      map.use(i * BlockMapPart.BLOCKS + i, 1, "blob");
    }
    // An index entry in the file has 48 bytes: the heap is not to be many times that.
    assertThat(map.heapBytes()).isLessThan(blobs * 128);
    assertThat(freeRuns(map)).hasSize((int) blobs + 1);
  }

  @Test
  void shouldTakeABitABlockWhereManyAreInUse() {
    int parts = 8;
    BlockMap map = new BlockMap((long) parts * BlockMapPart.BLOCKS, HEAP);
    for (long block = 0; block < (long) parts * BlockMapPart.BLOCKS; block += 2) {
      map.use(block, 1, "blob");
    }
    assertThat(map.heapBytes()).isLessThan(parts * (BlockMapPart.BLOCKS / 8L + 128) + 64);
  }

  @Test
  void shouldTakeNoHeapForFreeRuns() {
    BlockMap map = new BlockMap(BlockMapPart.BLOCKS, 100_000);
    for (long block = 0; block < BlockMapPart.BLOCKS; block += 2) {
      map.use(block, 1, "blob");
    }
    long before = map.heapBytes();
    assertThat(map.free().freeBlocks()).isEqualTo(BlockMapPart.BLOCKS / 2);
    assertThat(map.heapBytes()).isEqualTo(before);
  }

  @Test
  void shouldRefuseAFileThatTakesMoreHeapThanThereIs() {
    BlockMap map = new BlockMap(10_000L * BlockMapPart.BLOCKS, 200_000);
    assertThatThrownBy(
            () -> {
              for (long i = 0; i < 10_000; i++) {
                map.use(i * BlockMapPart.BLOCKS, 1, "blob");
              }
            })
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("too scattered")
        .hasMessageContaining("raise -Xmx");
    assertThatThrownBy(() -> new BlockMap(1L << 37, 1 << 20))
        .isInstanceOf(StoreOpenException.class);
    assertThatThrownBy(() -> new BlockMap((1L << 38) + 1, Long.MAX_VALUE))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("longer than a store can be");
  }
}
