package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.SnapshotEndedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VerifyListener;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writers that give all their blobs a new number in every epoch, or delete them all, while several
 * threads open snapshots, read through them and close them: in each, all blobs of a writer carry
 * one number, however often one looks.
 */
@Tag("campaign")
class SnapshotConcurrencyTest {

  private static final int WRITERS = 3;
  private static final int BLOBS = 10; // of each writer
  private static final int READERS = 3;
  private static final long EPOCHS = Campaign.count("test.epochs", 1_500); // of each writer

  @TempDir Path folder;

  private static BlobId id(int writer, int blob) {
    return new BlobId(writer, blob);
  }

  @Test
  void shouldShowEveryEpochWholeOrNotAtAll() throws Exception {
    run(StoreConfig.DEFAULTS.snapshotEntriesMax(), false);
  }

  @Test
  void shouldNeverShowAMixtureEvenWhenSnapshotsAreEnded() throws Exception {
    run(40, true);
  }

  private void run(int entriesMax, boolean expectEnded) throws Exception {
    long seed = Long.getLong("test.seed", System.nanoTime());
    StoreConfig config =
        StoreConfig.DEFAULTS
            .withPoolBytes(16 << 20)
            .withInitialFileBytes(1 << 20)
            .withGrowthBytesMin(1 << 20)
            .withSnapshotEntriesMax(entriesMax);
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong views = new AtomicLong();
    AtomicLong ended = new AtomicLong();
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open();
        ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Callable<Boolean>> writers = new ArrayList<>();
      List<Future<Boolean>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        SplittableRandom random = new SplittableRandom(seed + 100 + i);
        readers.add(
            threads.submit(() -> {
              while (!stop.get()) {
                look(store, random, views, ended);
              }
              return true;
            }));
      }
      for (int i = 0; i < WRITERS; i++) {
        int writer = i;
        SplittableRandom random = new SplittableRandom(seed + i);
        writers.add(() -> {
          for (long number = 1; number <= EPOCHS; number++) {
            write(store, writer, number, random);
          }
          return true;
        });
      }
      try {
        for (Future<Boolean> done : threads.invokeAll(writers)) {
          assertThat(done.get()).isTrue();
        }
      } finally {
        stop.set(true);
      }
      for (Future<Boolean> done : readers) {
        assertThat(done.get()).as("seed=%d", seed).isTrue();
      }
      System.out.printf(
          "snapshot concurrency: -Dtest.seed=%d: %,d views, %,d ended, %,d epochs%n",
          seed, views.get(), ended.get(), WRITERS * EPOCHS);
      assertThat(views.get()).isGreaterThan(10);
      assertThat(ended.get() > 0).as("ended: %s", ended).isEqualTo(expectEnded);
      for (int i = 0; i < 2_000 && store.stats().pinnedBytes() > 0; i++) {
        Thread.sleep(1);
      }
      assertThat(store.stats().pinnedBytes()).isZero();
      assertThat(store.stats().snapshots()).isZero();
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }

  private static void write(
      LocalBlobStore store, int writer, long number, SplittableRandom random) {
    try (Epoch epoch = store.beginEpoch()) {
      boolean delete = random.nextInt(6) == 0;
      for (int blob = 0; blob < BLOBS; blob++) {
        if (delete) {
          epoch.delete(id(writer, blob));
        } else {
          byte[] value = new byte[8 + random.nextInt(9_000)];
          MemorySegment.ofArray(value).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, number);
          epoch.put(id(writer, blob), MemorySegment.ofArray(value));
        }
      }
      epoch.commit();
    }
  }

  private static void look(
      LocalBlobStore store, SplittableRandom random, AtomicLong views, AtomicLong ended) {
    try (Snapshot snapshot = store.snapshot()) {
      long[] numbers = new long[WRITERS];
      for (int round = 0; round < 1 + random.nextInt(3); round++) {
        Map<Long, Integer> visited = new HashMap<>();
        if (random.nextBoolean()) {
          snapshot.forEach((high, low, length, local) -> visited.merge(high, 1, Integer::sum));
        }
        for (int i = 0; i < WRITERS; i++) {
          int writer = random.nextInt(WRITERS);
          long number = numberOf(snapshot, writer, random);
          if (numbers[writer] != 0) {
            assertThat(number).isEqualTo(numbers[writer]);
          }
          numbers[writer] = number;
          if (!visited.isEmpty()) {
            assertThat(visited.getOrDefault((long) writer, 0)).isEqualTo(number < 0 ? 0 : BLOBS);
          }
        }
      }
      views.incrementAndGet();
    } catch (SnapshotEndedException e) {
      ended.incrementAndGet();
    }
  }

  /** Returns the number that all blobs of a writer carry, or −1 when it has none. */
  private static long numberOf(Snapshot snapshot, int writer, SplittableRandom random) {
    long number = 0;
    int first = random.nextInt(BLOBS);
    for (int i = 0; i < BLOBS; i++) {
      int blob = (first + i) % BLOBS;
      try (BlobLease lease = snapshot.get(id(writer, blob))) {
        long here = lease == null ? -1 : lease.value().get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        if (number != 0) {
          assertThat(here).as("writer %d, blob %d", writer, blob).isEqualTo(number);
        }
        number = here;
      }
    }
    return number;
  }
}
