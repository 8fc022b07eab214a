package io.ashlar.store.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever comes in whatever order, the loader leaves what loading one by one leaves. */
class IndexLoaderTest {

  private static final long SEED = 20_261_121;
  private static final int ENTRIES = 200_000; // some pairs have the same hash

  private record Id(long high, long low) {}

  private record Entry(Id id, BlobLocation location) {}

  private final SplittableRandom random = new SplittableRandom(SEED);

  private Entry entry(long number, int kinds) {
    BlobLocation location = new BlobLocation();
    switch (random.nextInt(kinds)) {
      case 1 ->
          location.setEvicted(
              random.nextInt(1 << 30), random.nextInt(), number, number, number + 1, number + 2);
      case 2 -> location.setTombstone(number);
      default ->
          location.setStored(
              random.nextLong(1L << 48),
              1 + random.nextInt(1 << 30),
              random.nextInt(),
              number,
              random.nextBoolean());
    }
    return new Entry(new Id(SEED, number * 31), location);
  }

  /** Returns entries in the order in which an index with this many buckets writes them. */
  private static List<Entry> inOrderOf(BlobIndex index, List<Entry> entries) {
    Map<Id, Entry> byId = new HashMap<>();
    for (Entry entry : entries) {
      byId.put(entry.id, entry);
      index.load(entry.id.high, entry.id.low, entry.location);
    }
    List<Entry> ordered = new ArrayList<>();
    index.forEach((high, low, location) -> ordered.add(byId.get(new Id(high, low))));
    return ordered;
  }

  private static void load(IndexLoader loader, Entry entry) {
    BlobLocation location = entry.location;
    if (location.kind() == BlobLocation.Kind.STORED) {
      loader.stored(
          entry.id.high,
          entry.id.low,
          location.startBlock(),
          location.lengthBytes(),
          location.crc32c(),
          location.version(),
          location.hasTable());
    } else {
      loader.load(entry.id.high, entry.id.low, location);
    }
  }

  private static void assertLoads(List<Entry> entries, long expected) {
    Map<Id, BlobLocation> model = new HashMap<>();
    BlobLocation found = new BlobLocation();
    try (BlobIndex index = new BlobIndex(SEED, expected)) {
      IndexLoader loader = new IndexLoader(index);
      for (Entry entry : entries) {
        load(loader, entry);
        model.put(entry.id, entry.location);
      }
      loader.finish();
      long[] sums = new long[3];
      model.forEach((id, location) -> {
        index.find(id.high, id.low, found);
        assertThat(found.kind()).isEqualTo(location.kind());
        assertThat(found.version()).isEqualTo(location.version());
        assertThat(found.startBlock()).isEqualTo(location.startBlock());
        assertThat(found.lengthBytes()).isEqualTo(location.lengthBytes());
        assertThat(found.crc32c()).isEqualTo(location.crc32c());
        assertThat(found.hasTable()).isEqualTo(location.hasTable());
        assertThat(found.cold2()).isEqualTo(location.cold2());
        sums[0] += location.isLive() ? 1 : 0;
        sums[1] += location.isLive() ? location.lengthBytes() : 0;
        sums[2] += location.kind() == BlobLocation.Kind.STORED ? location.blocks() : 0;
      });
      assertThat(index.liveCount()).isEqualTo(sums[0]);
      assertThat(index.liveBytes()).isEqualTo(sums[1]);
      List<Id> visited = new ArrayList<>();
      index.forEach((high, low, location) -> visited.add(new Id(high, low)));
      assertThat(visited).hasSize(model.size()).doesNotHaveDuplicates();
      long[] extentBlocks = new long[1];
      index.forEachExtent(
          (starts, blocks, count) -> extentBlocks[0] += Arrays.stream(blocks, 0, count).sum());
      assertThat(extentBlocks[0]).isEqualTo(sums[2]);
    }
  }

  @Test
  void shouldLoadACheckpointInItsOrder() {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < ENTRIES; i++) {
      entries.add(entry(i, 1));
    }
    try (BlobIndex then = new BlobIndex(SEED, 0)) {
      List<Entry> ordered = inOrderOf(then, entries);
      assertLoads(ordered, ENTRIES);
      assertLoads(ordered, ENTRIES / 4); // buckets then and now differ
      assertLoads(ordered, 0);
    }
  }

  @Test
  void shouldLoadAnyOrderAnyKindAndIdsThatComeAgain() {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < 30_000; i++) {
      entries.add(entry(random.nextInt(20_000), 4));
    }
    assertLoads(entries, 20_000);
    Collections.shuffle(entries, new Random(SEED));
    assertLoads(entries, 0);
  }

  @Test
  void shouldVisitOnlyTheExtentsOfBlobsThatAreThere() {
    try (BlobIndex index = new BlobIndex(SEED, 0)) {
      for (int i = 0; i < 1000; i++) {
        index.put(SEED, i, i + 1, 4096, 0, 1, null);
      }
      for (int i = 0; i < 1000; i += 2) {
        assertThat(index.delete(SEED, i, 2, i % 4 == 0, null)).isTrue();
      }
      assertThat(index.evict(SEED, 1, 1, 2, 7, 8, 9, null)).isTrue();
      index.put(SEED, 3, 0, 0, 0, 3, null);
      List<Long> starts = new ArrayList<>();
      index.forEachExtent(
          (some, blocks, count) -> Arrays.stream(some, 0, count).forEach(starts::add));
      List<Long> expected = new ArrayList<>();
      for (long i = 5; i < 1000; i += 2) {
        expected.add(i + 1);
      }
      assertThat(starts).containsExactlyInAnyOrderElementsOf(expected);
    }
  }
}
