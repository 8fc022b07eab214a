package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.local.RegisterHistory.Operation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Threads put, overwrite, delete and read the same few ids, in epochs, in every form of reading, on
 * platform and on virtual threads, with and without a cache, while a vacuum moves blobs: what each
 * id's readers saw can be put into one order with what its writers did, and a snapshot is exactly
 * the store after one epoch.
 */
@Tag("campaign")
@Timeout(3600)
class LinearizabilityTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final int OPERATIONS = Campaign.count("linear.operations", 100_000);
  private static final int ROUND_OPERATIONS = 20_000;
  private static final int IDS = 24;
  private static final int WRITERS = 3;
  private static final int READERS = 6;
  private static final int LENGTH_MAX = 9_000;

  private final AtomicLong tags = new AtomicLong();

  /** What one thread did. */
  private record Done(int id, Operation operation) {}

  /** What a snapshot held. */
  private record Seen(long epoch, Map<Integer, Long> tags) {}

  private static BlobId id(int n) {
    return new BlobId(n * 0x9e37_79b9_7f4a_7c15L, n);
  }

  /** Returns a value that says by each of its words which one it is. */
  private static MemorySegment value(long tag, int words) {
    long[] value = new long[words];
    Arrays.fill(value, tag);
    return MemorySegment.ofArray(value);
  }

  private static long tag(MemorySegment value) {
    long tag = value.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
    for (long at = 8; at < value.byteSize(); at += 8) {
      if (value.get(ValueLayout.JAVA_LONG_UNALIGNED, at) != tag) {
        throw new AssertionError("G4: a value of two: " + tag + ", offset " + at);
      }
    }
    return tag;
  }

  /** Commits epochs of a few operations. */
  private List<Done> write(BlobStore store, SplittableRandom random, int count) {
    List<Done> done = new ArrayList<>();
    while (done.size() < count) {
      Map<Integer, Long> written = new HashMap<>();
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = random.nextInt(3); i >= 0; i--) {
          int n = random.nextInt(IDS);
          if (!written.isEmpty() && random.nextInt(4) == 0) {
            n = written.keySet().iterator().next(); // again: nobody may see what it held between
          }
          if (random.nextInt(5) == 0) {
            epoch.delete(id(n));
            written.put(n, RegisterHistory.ABSENT);
          } else {
            long tag = tags.incrementAndGet();
            epoch.put(id(n), value(tag, 1 + random.nextInt(LENGTH_MAX / 8)));
            written.put(n, tag);
          }
        }
        long called = System.nanoTime();
        long number = random.nextInt(4) == 0 ? epoch.commitAsync().join().epoch() : epoch.commit();
        long returned = System.nanoTime();
        written.forEach(
            (n, tag) -> done.add(new Done(n, new Operation(called, returned, number, tag))));
      }
    }
    return done;
  }

  /** Reads in one of the forms. */
  private static List<Done> read(BlobStore store, SplittableRandom random, int count) {
    List<Done> done = new ArrayList<>();
    MemorySegment heap = MemorySegment.ofArray(new byte[LENGTH_MAX]);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment aligned = arena.allocate(16_384, 4096);
      while (done.size() < count) {
        int n = random.nextInt(IDS);
        int form = random.nextInt(16);
        if (form == 15) {
          readBatch(store, random, done);
          continue;
        }
        long called = System.nanoTime();
        long tag =
            switch (form % 5) {
              case 0 -> leased(store, n);
              case 1 -> copied(store.get(id(n), aligned), aligned);
              case 2 -> copied(store.get(id(n), heap), heap);
              case 3 -> copied(store.getAsync(id(n), heap).join(), heap);
              default -> copied(store.get(id(n), 0, LENGTH_MAX, aligned), aligned);
            };
        done.add(new Done(n, new Operation(called, System.nanoTime(), 0, tag)));
      }
    } catch (RuntimeException e) {
      throw new AssertionError("a read of a store without damage threw", e);
    }
    return done;
  }

  private static long leased(BlobStore store, int n) {
    try (BlobLease lease = store.get(id(n))) {
      return lease == null ? RegisterHistory.ABSENT : tag(lease.value());
    }
  }

  private static long copied(long length, MemorySegment target) {
    return length == BlobStore.NOT_FOUND ? RegisterHistory.ABSENT : tag(target.asSlice(0, length));
  }

  private static void readBatch(BlobStore store, SplittableRandom random, List<Done> done) {
    List<BlobId> ids = new ArrayList<>();
    int[] numbers = random.ints(5, 0, IDS).toArray();
    for (int n : numbers) {
      ids.add(id(n));
    }
    long called = System.nanoTime();
    store.getAll(
        ids,
        new BatchVisitor() {
          @Override
          public void onBlob(int index, BlobId id, MemorySegment value) {
            note(index, tag(value));
          }

          @Override
          public void onMissing(int index, BlobId id) {
            note(index, RegisterHistory.ABSENT);
          }

          @Override
          public void onFailed(int index, BlobId id, StoreException failure) {
            throw failure;
          }

          private void note(int index, long tag) {
            done.add(new Done(numbers[index], new Operation(called, System.nanoTime(), 0, tag)));
          }
        });
  }

  private static List<Seen> takeSnapshots(BlobStore store, int count) {
    List<Seen> seen = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      try (Snapshot snapshot = store.snapshot()) {
        Map<Integer, Long> held = new HashMap<>();
        for (int n = 0; n < IDS; n++) {
          try (BlobLease lease = snapshot.get(id(n))) {
            held.put(n, lease == null ? RegisterHistory.ABSENT : tag(lease.value()));
          }
        }
        snapshot.forEach((high, low, length, local) ->
            assertThat(held.get((int) low)).as("it visits what it holds").isNotEqualTo(0L));
        seen.add(new Seen(snapshot.epoch(), held));
      }
    }
    return seen;
  }

  private static List<Done> vacuum(BlobStore store) {
    for (int i = 0; i < 3; i++) {
      var _ = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
    }
    return List.of();
  }

  @Test
  void shouldBeLinearizableWithoutACache() throws Exception {
    run(0);
  }

  @Test
  void shouldBeLinearizableWithACache() throws Exception {
    run(1 << 20);
  }

  private void run(long cacheBytes) throws Exception {
    Path folder = Files.createTempDirectory("ashlar-linear-");
    StoreConfig config =
        StoreConfig.DEFAULTS
            .withPoolBytes(16 << 20)
            .withInitialFileBytes(1 << 20)
            .withGrowthBytesMin(256 << 10)
            .withCheckpointLogBytesMin(1 << 20)
            .withCacheBytes(cacheBytes);
    RegisterHistory[] histories = new RegisterHistory[IDS];
    for (int n = 0; n < IDS; n++) {
      histories[n] = new RegisterHistory();
    }
    long operations = 0;
    long snapshots = 0;
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      for (int round = 0; operations < OPERATIONS / 2; round++) {
        List<Done> done = new ArrayList<>();
        List<Seen> seen = round(store, round, done);
        done.forEach(one -> histories[one.id].add(one.operation));
        check(histories, seen, round);
        operations += done.size();
        snapshots += seen.size();
        if (OPERATIONS > 1_000_000 && round % 10 == 0) {
          System.out.printf("linear: progress: %d operations%n", operations);
        }
      }
    } finally {
      delete(folder);
    }
    System.out.printf(
        "linear: %d operations, %d snapshots, cacheBytes=%d, seed=%d%n",
        operations, snapshots, cacheBytes, SEED);
    Campaign.report("linear", operations, 0, SEED);
  }

  private List<Seen> round(LocalBlobStore store, int round, List<Done> done) throws Exception {
    List<Callable<List<Done>>> tasks = new ArrayList<>();
    int each = ROUND_OPERATIONS / (WRITERS + READERS);
    for (int i = 0; i < WRITERS + READERS; i++) {
      SplittableRandom random = new SplittableRandom(SEED + 1000L * round + i);
      boolean writes = i < WRITERS;
      tasks.add(() -> writes ? write(store, random, each / 2) : read(store, random, each));
    }
    tasks.add(() -> vacuum(store));
    try (ExecutorService platform = Executors.newFixedThreadPool(6);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Done>>> futures = new ArrayList<>();
      for (int i = 0; i < tasks.size(); i++) {
        futures.add((i % 2 == 0 ? platform : virtual).submit(tasks.get(i)));
      }
      Future<List<Seen>> seen = platform.submit(() -> takeSnapshots(store, 20));
      for (Future<List<Done>> future : futures) {
        done.addAll(future.get());
      }
      return seen.get();
    }
  }

  private static void check(RegisterHistory[] histories, List<Seen> seen, int round) {
    for (Seen snapshot : seen) {
      for (int n = 0; n < IDS; n++) {
        assertThat(snapshot.tags.get(n))
            .as("L27: id %d in the snapshot of epoch %d, seed %d", n, snapshot.epoch, SEED)
            .isEqualTo(histories[n].tagAfter(snapshot.epoch));
      }
    }
    for (int n = 0; n < IDS; n++) {
      assertThat(histories[n].violation()).as("id %d, round %d, seed %d", n, round, SEED).isNull();
      histories[n].restart();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
