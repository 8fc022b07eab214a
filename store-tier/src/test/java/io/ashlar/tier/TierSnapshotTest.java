package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.restore.Restore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checkpoints while a thread overwrites, deletes and puts pairs of blobs: each is restored, and
 * holds exactly what the store held after one epoch.
 *
 * <p>Epoch n writes the number n into a counter, and into both blobs of pair n mod {@link #PAIRS},
 * or deletes them when n is a multiple of 7. So the counter says what all pairs must hold.
 */
class TierSnapshotTest {
  private static final int PAIRS = 150;
  private static final int DELETE_EVERY = 7;
  private static final int CHECKPOINTS = 8;
  private static final BlobId COUNTER = new BlobId(0, 0);

  @TempDir Path folder;

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(16 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  @Tag("campaign")
  @Test
  void shouldBeExactlyTheStateAfterOneEpochDuringOverwrites() throws Exception {
    long seed = Long.getLong("test.seed", System.nanoTime());
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong written = new AtomicLong();
    try (LocalBlobStore store = local("a");
        Tier tier =
            Tier.builder(store, FileObjectStore.open(folder.resolve("prefix")))
                .config(
                    TierConfig.DEFAULTS
                        .withIntervalMs(0)
                        .withCheckpointOnClose(false)
                        .withBatchBytesTarget(64 << 10))
                .open();
        ExecutorService threads = Executors.newCachedThreadPool()) {
      SplittableRandom random = new SplittableRandom(seed);
      Future<Boolean> writer =
          threads.submit(() -> {
            for (long n = 1; !stop.get(); n++) {
              write(store, n, random);
              written.set(n);
            }
            return true;
          });
      try {
        long overwritten = 0;
        while (written.get() < 2 * PAIRS && !writer.isDone()) {
          Thread.sleep(1);
        }
        for (int i = 0; i < CHECKPOINTS; i++) {
          long before = written.get();
          CheckpointReport report = tier.checkpoint(TierProgress.NONE);
          overwritten += written.get() - before;
          assertThat(report.blobs()).isPositive();
          long held = assertOneEpochRestored("restored-" + i, seed);
          assertThat(held).as("seed=%d", seed).isGreaterThanOrEqualTo(before);
          // What is evicted, and replaced while it is, must not be missing from the next.
          var _ = tier.evict(id -> id.high() % 3 == 0);
        }
        System.out.printf(
            "tier snapshots: -Dtest.seed=%d: %d checkpoints, %d epochs during them%n",
            seed, CHECKPOINTS, overwritten);
        assertThat(overwritten).isPositive();
      } finally {
        stop.set(true);
      }
      assertThat(writer.get()).isTrue();
      assertThat(store.stats().snapshots()).isZero();
      assertThat(store.stats().pinnedBytes()).isZero();
    }
  }

  private static BlobId id(long pair, int half) {
    return new BlobId(1 + pair, half);
  }

  private static void write(BlobStore store, long n, SplittableRandom random) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(COUNTER, value(n, 8));
      int length = 8 + random.nextInt(12_000);
      for (int half = 0; half < 2; half++) {
        if (n % DELETE_EVERY == 0) {
          epoch.delete(id(n % PAIRS, half));
        } else {
          epoch.put(id(n % PAIRS, half), value(n, length));
        }
      }
      epoch.commit();
    }
  }

  private static MemorySegment value(long n, int length) {
    MemorySegment value = MemorySegment.ofArray(new byte[length]);
    value.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, n);
    return value;
  }

  /** Restores the newest manifest, and compares; returns the epoch that it holds. */
  private long assertOneEpochRestored(String name, long seed) throws Exception {
    try (LocalBlobStore restored = local(name);
        ObjectStore objects = FileObjectStore.open(folder.resolve("prefix"))) {
      Restore.restore(objects, restored, TierProgress.NONE);
      long last = read(restored, COUNTER);
      for (long pair = 0; pair < PAIRS; pair++) {
        long n = last - Math.floorMod(last - pair, (long) PAIRS); // the last that wrote it
        long expected = n <= 0 || n % DELETE_EVERY == 0 ? -1 : n;
        for (int half = 0; half < 2; half++) {
          assertThat(read(restored, id(pair, half)))
              .as("seed=%d, %s, epoch %d, pair %d, half %d", seed, name, last, pair, half)
              .isEqualTo(expected);
        }
      }
      return last;
    }
  }

  private static long read(BlobStore store, BlobId id) {
    try (BlobLease lease = store.get(id)) {
      return lease == null ? -1 : lease.value().get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
    }
  }
}
