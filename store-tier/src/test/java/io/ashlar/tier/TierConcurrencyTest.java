package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writers, readers, evictions and periodic passes at once; then everything is restored (E6). */
@Tag("campaign")
class TierConcurrencyTest {
  private static final int WRITERS = 2;
  private static final int IDS_A_WRITER = 400;
  private static final long RUN_MS = Campaign.count("test.runMs", 3_000);

  @TempDir Path folder;

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(16 << 20))
        .open();
  }

  @Test
  void shouldLoseNothingWhileBlobsChangeAreEvictedAndReadBack() throws Exception {
    long seed = Long.getLong("test.seed", System.nanoTime());
    List<BlobModel> models = new ArrayList<>();
    AtomicLong evicted = new AtomicLong();
    AtomicLong read = new AtomicLong();
    TierStats stats;
    try (LocalBlobStore store = local("a");
        Tier tier =
            Tier.builder(store, FileObjectStore.open(folder.resolve("prefix")))
                .config(
                    TierConfig.DEFAULTS
                        .withIntervalMs(5)
                        .withBatchBytesTarget(64 << 10)
                        .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(1 << 20)))
                .open();
        ExecutorService threads = Executors.newCachedThreadPool()) {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RUN_MS);
      List<Callable<Boolean>> roles = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        BlobModel model = new BlobModel();
        models.add(model);
        SplittableRandom random = new SplittableRandom(seed + i);
        long first = (long) i * IDS_A_WRITER;
        roles.add(() -> {
          while (System.nanoTime() < end) {
            writeEpoch(store, model, random, first);
          }
          return true;
        });
      }
      roles.add(() -> {
        SplittableRandom random = new SplittableRandom(seed - 1);
        while (System.nanoTime() < end) {
          long number = random.nextInt(WRITERS * IDS_A_WRITER);
          try (BlobLease lease = store.get(BlobModel.id(number))) {
            if (lease != null) {
              read.addAndGet(lease.value().byteSize());
            }
          }
        }
        return true;
      });
      roles.add(() -> {
        while (System.nanoTime() < end) {
          evicted.addAndGet(tier.evict(id -> id.low() % 3 != 0));
          Thread.sleep(20);
        }
        return true;
      });
      for (Future<Boolean> role : threads.invokeAll(roles)) {
        assertThat(role.get()).as("seed=%d", seed).isTrue();
      }
      tier.checkpoint(TierProgress.NONE);
      stats = tier.stats();
    }
    long blobs = models.stream().mapToLong(BlobModel::size).sum();
    try (LocalBlobStore restored = local("b");
        ObjectStore objects = FileObjectStore.open(folder.resolve("prefix"))) {
      RestoreReport report = Restore.restore(objects, restored, TierProgress.NONE);
      assertThat(report.blobs()).as("seed=%d", seed).isEqualTo(blobs);
      models.forEach(model -> model.assertHolds(restored));
      System.out.println(
          "tier concurrency: seed="
              + seed
              + ", evicted="
              + evicted
              + ", bytesRead="
              + read
              + ", stats="
              + stats
              + ", restored="
              + report);
    }
    assertThat(evicted.get()).isPositive();
  }

  private static void writeEpoch(
      LocalBlobStore store, BlobModel model, SplittableRandom random, long first) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < 8; i++) {
        long number = first + random.nextInt(IDS_A_WRITER);
        if (random.nextInt(4) == 0) {
          model.delete(epoch, number);
        } else {
          model.put(epoch, number, random.nextLong(), random.nextInt(20_000));
        }
      }
      epoch.commit();
    }
  }
}
