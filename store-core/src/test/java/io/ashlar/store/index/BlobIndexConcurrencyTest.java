package io.ashlar.store.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Campaign;
import io.ashlar.store.index.BlobLocation.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Readers beside a writer: every entry read is one that was written, whole. */
class BlobIndexConcurrencyTest {
  private static final int OPERATIONS = Campaign.count("test.index.writes", 1_000_000);
  private static final int READERS = 3;
  private static final int IDS = 40_000;
  private static final int PERMANENT = 2_000;

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final BlobIndex index = new BlobIndex(seed);
  private final AtomicBoolean isDone = new AtomicBoolean();

  @Test
  void shouldReadOnlyEntriesThatWereWritten() throws Exception {
    System.out.println("index readers: -Dtest.seed=" + seed);
    for (int id = 0; id < PERMANENT; id++) {
      put(-1 - id, 1);
    }
    ExecutorService threads = Executors.newFixedThreadPool(READERS + 1);
    try {
      List<Future<Long>> reads = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        SplittableRandom random = new SplittableRandom(seed + i);
        reads.add(threads.submit(() -> read(random)));
      }
      Future<Long> walks = threads.submit(this::walk);
      write(new SplittableRandom(seed - 1));
      isDone.set(true);
      long total = 0;
      for (Future<Long> future : reads) {
        total += future.get();
      }
      System.out.printf(
          "index readers: %,d writes, %,d reads, %,d walks%n", OPERATIONS, total, walks.get());
      assertThat(total).isPositive();
    } finally {
      isDone.set(true);
      threads.shutdown();
    }
    index.close();
  }

  /** The ids in use drift upwards, so that buckets split, empty and are recycled. */
  private void write(SplittableRandom random) {
    BlobLocation found = new BlobLocation();
    for (int operation = 2; operation < OPERATIONS; operation++) {
      long id = operation / 10L + random.nextInt(IDS);
      boolean isLive = index.find(1, id, found);
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> put(id, operation);
        case 3 -> index.delete(1, id, operation, random.nextBoolean(), null);
        case 4 -> index.dropTombstones(operation - 5_000);
        case 5 -> {
          if (isLive) {
            index.relocate(
                1, id, found.version(), found.startBlock(), found.startBlock() ^ (1L << 40));
          }
        }
        default -> {
          if (found.kind() == Kind.STORED) {
            long cold = mix(id + operation);
            index.evict(1, id, found.version(), found.startBlock(), cold, ~cold, cold ^ id, null);
          } else if (found.kind() == Kind.EVICTED) {
            long cold = mix(id - operation);
            index.moveCold(1, id, found.version(), cold, ~cold, cold ^ id);
          }
        }
      }
    }
  }

  private void put(long id, long version) {
    index.put(
        1, id, block(id, version), length(id, version), crc(id, version), version, false, null);
  }

  private long read(SplittableRandom random) {
    BlobLocation location = new BlobLocation();
    long count = 0;
    while (!isDone.get()) {
      for (int i = 0; i < 1_000; i++) {
        long id = random.nextInt(OPERATIONS / 10 + IDS);
        index.find(1, id, location);
        assertWhole(id, location);
        long permanent = -1L - random.nextInt(PERMANENT);
        assertThat(index.find(1, permanent, location)).as("seed=%d", seed).isTrue();
        assertWhole(permanent, location);
        count += 2;
      }
    }
    return count;
  }

  private long walk() {
    long count = 0;
    while (!isDone.get()) {
      int[] permanent = new int[1];
      index.forEach((high, id, location) -> {
        assertWhole(id, location);
        permanent[0] += id < 0 ? 1 : 0;
      });
      assertThat(permanent[0]).as("seed=%d", seed).isEqualTo(PERMANENT);
      count++;
    }
    return count;
  }

  private void assertWhole(long id, BlobLocation location) {
    long version = location.version();
    boolean isWhole =
        switch (location.kind()) {
          case ABSENT -> version == 0;
          case TOMBSTONE -> version > 0 && location.lengthBytes() == 0;
          case STORED ->
              (location.startBlock() & ~(1L << 40)) == block(id, version)
                  && location.lengthBytes() == length(id, version)
                  && location.crc32c() == crc(id, version);
          case EVICTED ->
              location.lengthBytes() == length(id, version)
                  && location.crc32c() == crc(id, version)
                  && location.cold1() == ~location.cold0()
                  && location.cold2() == (location.cold0() ^ id);
        };
    if (!isWhole) {
      throw new AssertionError("seed=" + seed + ", id=" + id + ": " + location);
    }
  }

  private static long block(long id, long version) {
    return mix(id * 31 + version) >>> 24;
  }

  private static int length(long id, long version) {
    return (int) (mix(id + version * 17) >>> 36);
  }

  private static int crc(long id, long version) {
    return (int) mix(id ^ version);
  }

  private static long mix(long bits) {
    bits = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    bits = (bits ^ (bits >>> 27)) * 0x94d049bb133111ebL;
    return bits ^ (bits >>> 31);
  }
}
