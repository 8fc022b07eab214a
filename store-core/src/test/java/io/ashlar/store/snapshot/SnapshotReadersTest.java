package io.ashlar.store.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Campaign;
import io.ashlar.store.background.Governors;
import io.ashlar.store.disk.GuardedDisk;
import io.ashlar.store.disk.Poison;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.OperationFormat;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.OperationApplier;
import io.ashlar.store.metrics.StoreCounters;
import io.ashlar.store.space.BlockSpace;
import io.ashlar.store.space.DataFile;
import io.ashlar.store.space.ExtentAllocator;
import io.ashlar.store.space.StoreContent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Lookups in an old snapshot while the writer supersedes entries at full speed, and younger
 * snapshots, whose entries then move, open and close all the time: an id's entry is found whatever
 * happens to it between two steps of the lookup. Blobs are empty, so that only the index is at
 * work.
 */
@Tag("campaign")
class SnapshotReadersTest {

  private static final int IDS = 48;
  private static final int READERS = 2;
  private static final long CHANGES = Campaign.count("test.changes", 60_000);

  /** A snapshot, and the version of each id in it, never changed; 0 where there was none. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Base(SnapshotView view, long[] versions) {}

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final BlobIndex index = new BlobIndex(seed);
  private final OperationApplier applier = new OperationApplier(index, false);
  private final Poison poison = new Poison();
  private final DataFile file =
      new DataFile(
          new GuardedDisk(new SimulatedDisk(), poison, new StoreCounters()),
          Runnable::run,
          Governors.unpaced(),
          16,
          16,
          Blocks.FIRST);
  private final SnapshotRegistry registry =
      new SnapshotRegistry(
          new StoreContent(index, applier, new BlockSpace(new ExtentAllocator(), file, poison, 20)),
          poison,
          new SnapshotRegistry.CommitLog() {
            @Override
            public void performWithRole(Runnable task) {
              task.run();
            }

            @Override
            public long sequence() {
              return sequence;
            }

            @Override
            public long durableEpoch() {
              return sequence;
            }
          },
          Runnable::run,
          1 << 20,
          null,
          Governors.unpaced());
  private final long[] versions = new long[IDS];
  private final AtomicLong lookups = new AtomicLong();
  private long sequence; // the writer's
  private volatile Base base = new Base(registry.open(), versions.clone());
  private volatile boolean stop;

  @AfterEach
  void close() {
    registry.stop();
    registry.close();
    index.close();
    file.close();
  }

  @Test
  void shouldFindEveryEntryWhereverItIsMovedMeanwhile() throws Exception {
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<Boolean>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        SplittableRandom own = new SplittableRandom(seed + 1 + i);
        readers.add(threads.submit(() -> look(own)));
      }
      try {
        write();
      } finally {
        stop = true;
      }
      for (Future<Boolean> reader : readers) {
        assertThat(reader.get()).isTrue();
      }
    }
    System.out.printf(
        "snapshot readers: -Dtest.seed=%d: %,d changes, %,d lookups%n",
        seed, CHANGES, lookups.get());
    assertThat(lookups.get()).isPositive();
  }

  private void write() {
    List<SnapshotView> younger = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(64);
      for (long i = 0; i < CHANGES; i++) {
        sequence++;
        int id = random.nextInt(IDS);
        boolean delete = random.nextInt(5) == 0;
        if (delete) {
          OperationFormat.delete(bytes, 0, 7, id);
        } else {
          OperationFormat.put(bytes, 0, 7, id, 0, 0, 0);
        }
        var _ = applier.apply(bytes, 0, 1, sequence, (start, blocks) -> {});
        versions[id] = delete ? 0 : sequence;
        if (younger.size() < 3 && random.nextInt(24) == 0) {
          younger.add(registry.open());
        } else if (!younger.isEmpty() && random.nextInt(24) == 0) {
          registry.close(younger.remove(random.nextInt(younger.size())));
        }
        if (random.nextInt(400) == 0) {
          Base old = base;
          base = new Base(registry.open(), versions.clone());
          registry.close(old.view());
        }
      }
    }
    younger.forEach(registry::close);
  }

  private boolean look(SplittableRandom own) {
    BlobLocation found = new BlobLocation();
    long count = 0;
    while (!stop) {
      Base now = base;
      long[] seen = new long[IDS];
      try {
        if (own.nextInt(200) == 0) {
          now.view()
              .forEach((idHigh, idLow, location) -> {
                assertThat(seen[(int) idLow]).as("seed=%d, visited once", seed).isZero();
                seen[(int) idLow] = location.version();
              });
          assertThat(seen).as("seed=%d", seed).isEqualTo(now.versions());
        }
        for (int i = 0; i < IDS; i++) {
          int id = own.nextInt(IDS);
          long version = now.view().find(7, id, found) ? found.version() : 0;
          assertThat(version)
              .as("seed=%d, s=%d, id=%d", seed, now.view().sequence(), id)
              .isEqualTo(now.versions()[id]);
          count++;
        }
      } catch (IllegalStateException closed) {
        assertThat(closed).hasMessageContaining("the snapshot was closed");
      }
    }
    lookups.addAndGet(count);
    return true;
  }
}
