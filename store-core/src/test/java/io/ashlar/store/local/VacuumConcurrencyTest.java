package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.VerifyListener;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Overwrites, deletes and reads the same ids while vacuum runs in a loop. A blob names its id and
 * round in its bytes, so a read says by itself whether it is exact.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@Tag("campaign")
class VacuumConcurrencyTest {

  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final int IDS = 120;
  private static final int WRITERS = 2;
  private static final int ROUNDS = 600;
  private static final int LENGTH_MAX = 40_000;
  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(16 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(512 << 10)
          .withLogExtentBytesMax(128 << 10)
          .withCheckpointLogBytesMin(512 << 10);

  private final AtomicBoolean writing = new AtomicBoolean(true);
  private final AtomicLong reads = new AtomicLong();
  private final long[] rounds = new long[IDS]; // each written by its id's one writer

  @TempDir Path folder;

  private static BlobId id(int n) {
    return new BlobId(n * 0x9e37_79b9_7f4a_7c15L, n);
  }

  private static byte[] value(int id, long round) {
    SplittableRandom random = new SplittableRandom(id * 1_000_003L + round);
    byte[] bytes = new byte[16 + random.nextInt(LENGTH_MAX)];
    random.nextBytes(bytes);
    MemorySegment segment = MemorySegment.ofArray(bytes);
    segment.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, id);
    segment.set(ValueLayout.JAVA_LONG_UNALIGNED, 8, round);
    return bytes;
  }

  /** Reads a blob and checks it; returns its round, or −1 when there is none. */
  private static long read(LocalBlobStore store, int id) {
    try (BlobLease lease = store.get(id(id))) {
      if (lease == null) {
        return -1;
      }
      byte[] bytes = lease.value().toArray(ValueLayout.JAVA_BYTE);
      MemorySegment segment = MemorySegment.ofArray(bytes);
      assertThat(segment.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(id);
      long round = segment.get(ValueLayout.JAVA_LONG_UNALIGNED, 8);
      assertThat(bytes).isEqualTo(value(id, round));
      return round;
    }
  }

  private Void write(LocalBlobStore store, int writer) {
    SplittableRandom random = new SplittableRandom(SEED + writer);
    for (int round = 1; round <= ROUNDS; round++) {
      // Waves: the store shrinks and fills again, so that there is something to vacuum.
      boolean shrinking = round / 50 % 2 == 1;
      try (Epoch epoch = store.beginEpoch()) {
        for (int i = 0; i < 3; i++) {
          int id = random.nextInt(IDS / WRITERS) * WRITERS + writer;
          if (random.nextInt(4) < (shrinking ? 3 : 1)) {
            epoch.delete(id(id));
            rounds[id] = -1;
          } else {
            epoch.put(id(id), MemorySegment.ofArray(value(id, round)));
            rounds[id] = round;
          }
        }
        epoch.commit();
      }
    }
    return null;
  }

  private Void readAtRandom(LocalBlobStore store) {
    SplittableRandom random = new SplittableRandom(SEED - 1);
    while (writing.get()) {
      long _ = read(store, random.nextInt(IDS));
      reads.incrementAndGet();
    }
    return null;
  }

  private List<VacuumReport> vacuumInALoop(LocalBlobStore store) {
    List<VacuumReport> reports = new ArrayList<>();
    do {
      reports.add(store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE));
    } while (writing.get());
    return reports;
  }

  @Test
  void shouldReadExactlyWhatWasPutWhileBlobsAreMoved() throws Exception {
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(CONFIG).open();
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 2)) {
      for (int id = 0; id < IDS; id++) {
        rounds[id] = -1;
      }
      List<Future<Void>> writers = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        int number = writer;
        writers.add(threads.submit(() -> write(store, number)));
      }
      Future<Void> reader = threads.submit(() -> readAtRandom(store));
      Future<List<VacuumReport>> vacuums = threads.submit(() -> vacuumInALoop(store));
      try {
        await(writers);
      } finally {
        writing.set(false);
      }
      await(List.of(reader));
      List<VacuumReport> reports = vacuums.get();
      long moved = reports.stream().mapToLong(VacuumReport::blobsMoved).sum();
      System.out.printf(
          "VacuumConcurrencyTest: vacuums=%d, moved=%d, reads=%d, seed=%d%n",
          reports.size(), moved, reads.get(), SEED);
      assertThat(moved).isPositive();
      assertThat(reports).allMatch(report -> report.blobsDamaged() == 0);
      assertHolds(store);
    }
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(CONFIG).open()) {
      assertHolds(store);
    }
  }

  private static void await(List<Future<Void>> futures)
      throws InterruptedException, ExecutionException {
    for (Future<Void> future : futures) {
      var _ = future.get();
    }
  }

  private void assertHolds(LocalBlobStore store) {
    for (int id = 0; id < IDS; id++) {
      assertThat(read(store, id)).as("id %d, seed %d", id, SEED).isEqualTo(rounds[id]);
    }
    assertThat(store.verify(VerifyListener.NONE)).matches(report -> report.clean());
  }
}
