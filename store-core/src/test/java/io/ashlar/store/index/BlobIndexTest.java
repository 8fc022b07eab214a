package io.ashlar.store.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.ashlar.store.format.IdHash;
import io.ashlar.store.index.BlobLocation.Kind;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class BlobIndexTest {
  private final BlobIndex index = new BlobIndex(42);
  private final BlobLocation found = new BlobLocation();
  private final BlobLocation previous = new BlobLocation();

  @AfterEach
  void close() {
    index.close();
  }

  @Test
  void shouldFindNothingAtFirst() {
    assertThat(index.find(0, 0, found)).isFalse();
    assertThat(found.kind()).isEqualTo(Kind.ABSENT);
    assertThat(index.delete(0, 0, 1, true, previous)).isFalse();
    assertThat(index.tombstoneCount()).isZero();
  }

  @Test
  void shouldFindWhatWasPut() {
    long lastBlock = (1L << 48) - 1;
    assertThat(index.put(1, 2, lastBlock, 1 << 30, -7, Long.MAX_VALUE, false, previous)).isFalse();
    assertThat(previous.kind()).isEqualTo(Kind.ABSENT);
    assertThat(index.find(1, 2, found)).isTrue();
    assertThat(found.kind()).isEqualTo(Kind.STORED);
    assertThat(found.startBlock()).isEqualTo(lastBlock);
    assertThat(found.lengthBytes()).isEqualTo(1 << 30);
    assertThat(found.crc32c()).isEqualTo(-7);
    assertThat(found.version()).isEqualTo(Long.MAX_VALUE);
    assertThat(found.changeCount()).isZero();
    assertThat(index.find(2, 1, found)).isFalse();
    assertThat(index.liveBytes()).isEqualTo(1 << 30);
  }

  @Test
  void shouldReturnTheEntryReplaced() {
    index.put(1, 2, 10, 100, 5, 1, false, null);
    assertThat(index.put(1, 2, 20, 200, 6, 2, false, previous)).isTrue();
    assertThat(previous.startBlock()).isEqualTo(10);
    assertThat(previous.lengthBytes()).isEqualTo(100);
    assertThat(index.liveCount()).isEqualTo(1);
    assertThat(index.liveBytes()).isEqualTo(200);
  }

  @Test
  void shouldRememberADeleteUntilItsTombstoneIsDropped() {
    index.put(1, 2, 10, 100, 5, 1, false, null);
    assertThat(index.delete(1, 2, 3, true, previous)).isTrue();
    assertThat(previous.startBlock()).isEqualTo(10);
    assertThat(index.find(1, 2, found)).isFalse();
    assertThat(found.kind()).isEqualTo(Kind.TOMBSTONE);
    assertThat(found.version()).isEqualTo(3);
    assertThat(found.lengthBytes()).isZero();
    assertThat(index.delete(1, 2, 4, true, previous)).isFalse();
    assertThat(index.put(3, 3, 1, 1, 1, 1, false, null)).isFalse();
    assertThat(index.dropTombstones(2)).isZero();
    assertThat(index.dropTombstones(3)).isEqualTo(1);
    assertThat(index.find(1, 2, found)).isFalse();
    assertThat(found.kind()).isEqualTo(Kind.ABSENT);
    assertThat(index.liveCount()).isEqualTo(1);
  }

  @Test
  void shouldSeeWhetherAnEntryIsStillWhatWasFound() {
    index.put(1, 2, 10, 100, 5, 1, false, null);
    index.find(1, 2, found);
    assertThat(index.isUnchanged(1, 2, found, previous)).isTrue();
    index.put(3, 4, 11, 100, 5, 2, false, null); // in the same bucket
    assertThat(index.isUnchanged(1, 2, found, previous)).isTrue();
    assertThat(index.relocate(1, 2, 1, 10, 20)).isTrue();
    assertThat(index.isUnchanged(1, 2, found, previous)).isFalse();
    assertThat(previous.startBlock()).isEqualTo(20);
    index.find(1, 2, found);
    index.delete(1, 2, 3, false, null);
    assertThat(index.isUnchanged(1, 2, found, previous)).isFalse();
  }

  @Test
  void shouldReviveATombstone() {
    index.put(1, 2, 10, 100, 5, 1, false, null);
    index.delete(1, 2, 3, true, null);
    assertThat(index.put(1, 2, 11, 100, 5, 4, false, previous)).isFalse();
    assertThat(previous.kind()).isEqualTo(Kind.TOMBSTONE);
    assertThat(index.dropTombstones(9)).isZero();
    assertThat(index.find(1, 2, found)).isTrue();
  }

  @Test
  void shouldEvictOnlyTheVersionAndExtentExpected() {
    index.put(1, 2, 10, 100, 5, 7, false, null);
    assertThat(index.evict(1, 2, 6, 10, 1, 2, 3, previous)).isFalse();
    assertThat(index.evict(1, 2, 7, 11, 1, 2, 3, previous)).isFalse();
    assertThat(index.evict(9, 9, 7, 10, 1, 2, 3, previous)).isFalse();
    assertThat(index.evict(1, 2, 7, 10, -1, -2, -3, previous)).isTrue();
    assertThat(previous.startBlock()).isEqualTo(10);
    assertThat(index.find(1, 2, found)).isTrue();
    assertThat(found.kind()).isEqualTo(Kind.EVICTED);
    assertThat(found.version()).isEqualTo(7);
    assertThat(List.of(found.cold0(), found.cold1(), found.cold2())).containsExactly(-1L, -2L, -3L);
    assertThat(index.evict(1, 2, 7, 0, 1, 2, 3, previous)).isFalse();
    assertThat(index.evictedCount()).isEqualTo(1);
    assertThat(index.liveBytes()).isEqualTo(100);
    assertThat(index.delete(1, 2, 8, false, previous)).isTrue();
    assertThat(previous.cold2()).isEqualTo(-3);
    assertThat(index.evictedCount()).isZero();
  }

  @Test
  void shouldMoveAnEvictedBlob() {
    index.put(1, 2, 10, 100, 5, 7, false, null);
    assertThat(index.moveCold(1, 2, 7, 4, 5, 6)).isFalse();
    index.evict(1, 2, 7, 10, 1, 2, 3, null);
    assertThat(index.moveCold(1, 2, 6, 4, 5, 6)).isFalse();
    assertThat(index.moveCold(1, 2, 7, 4, 5, 6)).isTrue();
    index.find(1, 2, found);
    assertThat(found.cold1()).isEqualTo(5);
  }

  /** A relocation away and back is not the same entry: rule L21. */
  @Test
  void shouldTellARelocationAwayAndBack() {
    index.put(1, 2, 10, 100, 5, 7, false, null);
    index.find(1, 2, previous);
    index.find(1, 2, found);
    assertThat(found.sameAs(previous)).isTrue();
    assertThat(index.relocate(1, 2, 7, 10, 30)).isTrue();
    assertThat(index.relocate(1, 2, 7, 10, 40)).isFalse();
    assertThat(index.relocate(1, 2, 7, 30, 10)).isTrue();
    index.find(1, 2, found);
    assertThat(found.startBlock()).isEqualTo(10);
    assertThat(found.sameAs(previous)).isFalse();
  }

  @Test
  void shouldLoadEntriesAsTheyAre() {
    BlobLocation entry = new BlobLocation();
    entry.setEvicted(10, 11, 12, 13, 14, 15);
    index.load(1, 1, entry);
    index.find(1, 1, found);
    assertThat(found.sameAs(entry)).isTrue();
    entry.setTombstone(9);
    index.load(1, 1, entry);
    index.find(1, 1, found);
    assertThat(found.sameAs(entry)).isTrue();
    entry.setAbsent();
    assertThatThrownBy(() -> index.load(1, 1, entry)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldRefuseEntriesOutOfRange() {
    assertThatThrownBy(() -> index.put(1, 1, -1, 1, 1, 1, false, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> index.put(1, 1, 1L << 48, 1, 1, 1, false, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> index.put(1, 1, 1, (1 << 30) + 1, 1, 1, false, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(index.liveCount()).isZero();
  }

  @Test
  void shouldThrowAfterClose() {
    index.put(1, 1, 1, 1, 1, 1, false, null);
    index.close();
    index.close();
    assertThatThrownBy(() -> index.find(1, 1, found)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> index.put(1, 1, 1, 1, 1, 1, false, null))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> index.forEach((high, low, location) -> {}))
        .isInstanceOf(IllegalStateException.class);
  }

  @Tag("campaign")
  @Test
  void shouldHoldAMillionBlobsInFewBytes() {
    long begun = System.nanoTime();
    double worst = 0;
    for (int i = 1; i <= 1_000_000; i++) {
      index.put(0, i, i, 4096, i, i, false, null);
      if (i >= 200_000 && i % 10_000 == 0) {
        worst = Math.max(worst, index.memoryBytes() / (double) i);
      }
    }
    long took = System.nanoTime() - begun;
    double each = index.memoryBytes() / 1e6;
    System.out.printf(
        "index: 1,000,000 puts in %d ms, %.1f bytes a blob, at worst %.1f past 200,000%n",
        took / 1_000_000, each, worst);
    assertThat(each).isLessThanOrEqualTo(64);
    begun = System.nanoTime();
    for (int i = 1; i <= 1_000_000; i++) {
      assertThat(index.find(0, (i * 7_919L) % 1_000_000 + 1, found)).isTrue();
    }
    System.out.printf("index: 1,000,000 finds in %d ms%n", (System.nanoTime() - begun) / 1_000_000);
    long[] seen = new long[1];
    begun = System.nanoTime();
    index.forEach((high, low, location) -> seen[0] += low);
    System.out.printf("index: forEach in %d ms%n", (System.nanoTime() - begun) / 1_000_000);
    assertThat(seen[0]).isEqualTo(1_000_000L * 1_000_001 / 2);
  }

  /** Patterns that break weak hashes: the id is (high(i), low(i)). */
  @Test
  void shouldSpreadPatternedIds() {
    assertSpreads("sequential", i -> 0, i -> i);
    assertSpreads("sequential high", i -> i, i -> 0);
    assertSpreads("both halves equal", i -> i, i -> i);
    assertSpreads("halves opposed", i -> i, i -> -i);
    assertSpreads("multiples of 2^32", i -> 0, i -> i << 32);
    assertSpreads("multiples of 2^48", i -> i << 48, i -> i << 44);
    assertSpreads("clusters", i -> i >>> 8 << 40, i -> i & 0xff);
    assertSpreads("one bit set apart", i -> Long.rotateLeft(1, (int) i), i -> i / 64);
    assertSpreads("undone by rotation", i -> i, i -> Long.rotateLeft(i, 32));
    assertSpreads("undone by the golden ratio", i -> i, i -> i * -0x9e3779b97f4a7c15L);
  }

  private static void assertSpreads(String name, LongUnaryOperator high, LongUnaryOperator low) {
    int count = 200_000;
    int[] homes = new int[Bucket.SLOTS];
    Set<Integer> hashes = new HashSet<>();
    for (long i = 0; i < count; i++) {
      int hash = IdHash.hash(42, high.applyAsLong(i), low.applyAsLong(i));
      hashes.add(hash);
      homes[hash >>> 21]++;
    }
    // 4.7 collisions are expected of random bits, 98 a home.
    assertThat(count - hashes.size()).as(name).isLessThan(30);
    for (int home : homes) {
      assertThat(home).as(name).isBetween(40, 180);
    }
  }

  @Test
  void shouldVisitEachEntryOnceWhileTheVisitorPuts() {
    for (int i = 0; i < 5_000; i++) {
      index.put(1, i, i, 1, 1, 1, false, null);
    }
    List<Long> seen = new ArrayList<>();
    long[] added = new long[1];
    index.forEach((high, low, location) -> {
      if (high == 1) {
        seen.add(low);
      }
      if (added[0] < 50_000) {
        index.put(2, added[0]++, 1, 1, 1, 1, false, null);
      }
    });
    assertThat(seen).hasSize(5_000).doesNotHaveDuplicates();
  }

  @Test
  void shouldNotAllocateOnFindOrOverwrite() {
    for (int i = 0; i < 10_000; i++) {
      index.put(1, i, i, 1, 1, 1, false, null);
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 30; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        index.find(1, i, found);
        index.put(1, i, i, 1, 1, round, false, previous);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    System.out.println("index: bytes allocated by 10,000 finds and puts: " + least);
    assertThat(least).isZero();
  }
}
