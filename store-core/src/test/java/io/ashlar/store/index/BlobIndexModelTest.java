package io.ashlar.store.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Campaign;
import io.ashlar.store.index.BlobLocation.Kind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every operation of the writer against a HashMap. */
class BlobIndexModelTest {
  private static final int OPERATIONS = Campaign.count("test.index.operations", 1_500_000);

  private record Id(long high, long low) {}

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final BlobIndex index = new BlobIndex(seed);
  private final Map<Id, BlobLocation> model = new HashMap<>();
  private final BlobLocation previous = new BlobLocation();
  private final BlobLocation found = new BlobLocation();
  private long version;

  @AfterEach
  void close() {
    index.close();
  }

  @Test
  void shouldMatchAHashMap() {
    System.out.println("index model: -Dtest.seed=" + seed);
    long begun = System.nanoTime();
    for (int operation = 0; operation < OPERATIONS; operation++) {
      version += random.nextInt(2);
      // The range of ids grows and shrinks, so that buckets split and empty.
      int range = 100 + (operation % 500_000) / 8;
      Id id = new Id(random.nextInt(2), random.nextInt(range));
      String name = "seed=" + seed + ", operation=" + operation;
      apply(id, name);
      assertSame(id, name);
      if (operation % 100_000 == 99_999) {
        dropTombstones(name);
        assertAllSame(name);
      }
    }
    System.out.printf(
        "index model: %,d operations in %d ms, %d live, %d evicted, %d tombstones%n",
        OPERATIONS,
        (System.nanoTime() - begun) / 1_000_000,
        index.liveCount(),
        index.evictedCount(),
        index.tombstoneCount());
  }

  private void apply(Id id, String name) {
    BlobLocation known = model.getOrDefault(id, new BlobLocation());
    boolean expectVersion = random.nextInt(8) != 0;
    long expected = expectVersion ? known.version() : known.version() + 1;
    boolean expectBlock = random.nextInt(8) != 0;
    long block = random.nextLong(1L << 48);
    long expectedBlock = expectBlock ? known.startBlock() : block;
    boolean isStored = known.kind() == Kind.STORED && expectVersion;
    boolean isEvicted = known.kind() == Kind.EVICTED && expectVersion;
    boolean matches = isStored && expectedBlock == known.startBlock();
    BlobLocation to = new BlobLocation();
    boolean applied;
    switch (random.nextInt(9)) {
      case 0, 1, 2 -> {
        to.setStored(block, random.nextInt(1 << 30), random.nextInt(), version);
        applied =
            index.put(
                id.high, id.low, block, to.lengthBytes(), to.crc32c(), version, false, previous);
        assertThat(applied).as(name).isEqualTo(known.isLive());
        assertThat(previous.sameAs(known)).as(name).isTrue();
        change(id, known, to);
      }
      case 3, 4 -> {
        boolean keep = random.nextBoolean();
        applied = index.delete(id.high, id.low, version, keep, previous);
        assertThat(applied).as(name).isEqualTo(known.isLive());
        assertThat(previous.sameAs(known)).as(name).isTrue();
        if (applied && keep) {
          to.setTombstone(version);
          change(id, known, to);
        } else if (applied) {
          model.remove(id);
        }
      }
      case 5, 6 -> {
        to.setEvicted(known.lengthBytes(), known.crc32c(), expected, block, -block, ~block);
        applied =
            index.evict(id.high, id.low, expected, expectedBlock, block, -block, ~block, previous);
        assertThat(applied).as(name).isEqualTo(matches);
        assertThat(previous.sameAs(known)).as(name).isTrue();
        changeIf(applied, id, known, to);
      }
      case 7 -> {
        to.setStored(block, known.lengthBytes(), known.crc32c(), expected);
        applied = index.relocate(id.high, id.low, expected, expectedBlock, block);
        assertThat(applied).as(name).isEqualTo(matches);
        changeIf(applied, id, known, to);
      }
      default -> {
        to.setEvicted(known.lengthBytes(), known.crc32c(), expected, ~block, block, 1);
        applied = index.moveCold(id.high, id.low, expected, ~block, block, 1);
        assertThat(applied).as(name).isEqualTo(isEvicted);
        changeIf(applied, id, known, to);
      }
    }
  }

  private void changeIf(boolean applied, Id id, BlobLocation from, BlobLocation to) {
    if (applied) {
      change(id, from, to);
    }
  }

  private void change(Id id, BlobLocation from, BlobLocation to) {
    if (from.kind() != Kind.ABSENT) {
      to.setChangeCount((from.changeCount() + 1) % BlobLocation.CHANGE_COUNT_MAX);
    }
    model.put(id, to);
  }

  private void dropTombstones(String name) {
    long upTo = version - random.nextInt(20_000);
    int before = model.size();
    model.values().removeIf(entry -> entry.kind() == Kind.TOMBSTONE && entry.version() <= upTo);
    assertThat(index.dropTombstones(upTo)).as(name).isEqualTo(before - model.size());
  }

  private void assertSame(Id id, String name) {
    BlobLocation known = model.get(id);
    boolean isLive = index.find(id.high, id.low, found);
    if (known == null) {
      assertThat(found.kind()).as(name).isEqualTo(Kind.ABSENT);
      assertThat(isLive).as(name).isFalse();
    } else if (!found.sameAs(known) || isLive != known.isLive()) {
      throw new AssertionError(name + ": expected " + known + ", found " + found);
    }
  }

  private void assertAllSame(String name) {
    long live = 0;
    long bytes = 0;
    long evicted = 0;
    long tombstones = 0;
    for (BlobLocation entry : model.values()) {
      live += entry.isLive() ? 1 : 0;
      bytes += entry.lengthBytes();
      evicted += entry.kind() == Kind.EVICTED ? 1 : 0;
      tombstones += entry.kind() == Kind.TOMBSTONE ? 1 : 0;
    }
    assertThat(index.liveCount()).as(name).isEqualTo(live);
    assertThat(index.liveBytes()).as(name).isEqualTo(bytes);
    assertThat(index.evictedCount()).as(name).isEqualTo(evicted);
    assertThat(index.tombstoneCount()).as(name).isEqualTo(tombstones);
    Set<Id> seen = new HashSet<>();
    index.forEach((high, low, location) -> {
      Id id = new Id(high, low);
      assertThat(seen.add(id)).as(name).isTrue();
      BlobLocation known = model.get(id);
      assertThat(known != null && known.sameAs(location)).as(name).isTrue();
    });
    assertThat(seen).as(name).hasSameSizeAs(model.keySet());
  }
}
