package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.PriceList;
import io.ashlar.tier.object.RequestLimits;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The remote-durable watermark, eviction behind it, limits, statistics and cancellation. */
@Timeout(60)
class TierWatermarkTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  @TempDir Path folder;

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final BlobModel model = new BlobModel();

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name)).poolBytes(8 << 20).open();
  }

  private TieredBlobStore tiered(TierConfig config) {
    return TieredBlobStore.builder(local("store"), objects).config(config).open();
  }

  private long put(TieredBlobStore store, long number) {
    try (Epoch epoch = store.beginEpoch()) {
      model.put(epoch, number, 1, 5_000);
      return epoch.commit();
    }
  }

  @Test
  void shouldRiseOnlyWhenTheManifestIsCommitted() {
    try (TieredBlobStore store = tiered(MANUAL)) {
      long epoch = put(store, 1);
      assertThat(store.tieredEpoch()).isLessThan(epoch);
      objects.fault(
          (request, key) -> request.equals("putIfAbsent") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
      assertThatThrownBy(() -> store.checkpoint(TierProgress.NONE))
          .isInstanceOf(TierUnavailableException.class);
      assertThat(store.tieredEpoch()).isLessThan(epoch);
      objects.heal();
      store.awaitTiered(epoch);
      assertThat(store.tieredEpoch()).isGreaterThanOrEqualTo(epoch);
      List<String> before = objects.requests();
      store.awaitTiered(epoch);
      assertThat(objects.requests()).isEqualTo(before);
    }
    // And it is there at once after a restart.
    try (TieredBlobStore store = tiered(MANUAL)) {
      assertThat(store.tieredEpoch()).isPositive();
    }
  }

  @Test
  void shouldWaitForThePassesAtAnInterval() {
    try (TieredBlobStore store = tiered(MANUAL.withIntervalMs(5))) {
      for (int i = 0; i < 5; i++) {
        long epoch = put(store, i);
        store.awaitTiered(epoch);
        assertThat(store.tieredEpoch()).isGreaterThanOrEqualTo(epoch);
      }
    }
  }

  @Test
  void shouldTellWhoWaitsThatItWasFencedOrClosed() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      TieredBlobStore store = tiered(MANUAL.withIntervalMs(3_600_000));
      long epoch = put(store, 1);
      Future<?> waiter = threads.submit(() -> store.awaitTiered(epoch));
      store.close();
      assertThatThrownBy(waiter::get).hasCauseInstanceOf(StoreClosedException.class);

      TieredBlobStore first = tiered(MANUAL.withIntervalMs(5));
      // Another writer claims the prefix.
      String next = TierKeys.manifest(3);
      objects.delegate().put(next, io.ashlar.tier.object.ObjectBody.of(new byte[] {1}));
      Future<?> fenced = threads.submit(() -> first.awaitTiered(put(first, 2)));
      assertThatThrownBy(fenced::get).hasCauseInstanceOf(FencedException.class);
      first.close();
    }
  }

  @Test
  void shouldEvictTheOldestBehindTheWatermarkOnly() {
    try (TieredBlobStore store = tiered(MANUAL)) {
      for (int i = 0; i < 20; i++) {
        put(store, i);
      }
      store.checkpoint(TierProgress.NONE);
      for (int i = 20; i < 30; i++) {
        put(store, i);
      }
      // Two blocks each.
      assertThat(store.evictOldest(5 * 8192, id -> true)).isEqualTo(5);
      store.forEach((high, low, length, local) -> assertThat(local).isEqualTo(low >= 5));
      assertThat(store.evictOldest(Long.MAX_VALUE, id -> true)).isEqualTo(15);
      store.forEach((high, low, length, local) -> assertThat(local).isEqualTo(low >= 20));
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldEvictByItselfAboveTheHighMarkDownToTheLowOne() {
    TierConfig space = MANUAL.withSpace(new SpaceConfig(6 << 20, 4 << 20));
    try (TieredBlobStore store = tiered(space)) {
      for (int i = 0; i < 400; i++) {
        put(store, i);
        if (i % 50 == 49) {
          store.checkpoint(TierProgress.NONE);
        }
      }
      for (int i = 400; i < 1200; i++) {
        put(store, i);
      }
      // Above the mark, but not tiered: it stays.
      assertThat(store.stats().evictedBlobs()).isZero();
      store.checkpoint(TierProgress.NONE);
      // 1200 blobs of two blocks; 512 of them are 4 MiB. The oldest went.
      assertThat(store.stats().evictedBlobs()).isEqualTo(1200 - 512);
      store.forEach((high, low, length, local) -> assertThat(local).isEqualTo(low >= 1200 - 512));
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldEndAnUploadThatHangsWhenItIsClosed() throws Exception {
    CountDownLatch hanging = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    for (String hung : List.of("put ", "putIfAbsent ", "get ")) {
      TieredBlobStore store = tiered(MANUAL);
      put(store, hung.length());
      if (hung.equals("get ")) {
        store.checkpoint(TierProgress.NONE);
        store.evict(id -> true);
      }
      objects.hold(request -> {
        if (request.startsWith(hung)) {
          hanging.countDown();
          await(never);
        }
      });
      try (ExecutorService threads = Executors.newFixedThreadPool(1)) {
        Future<?> work =
            threads.submit(() -> {
              if (hung.equals("get ")) {
                try (BlobLease lease = store.get(BlobModel.id(hung.length()))) {
                  assertThat(lease).isNotNull();
                }
              } else {
                store.checkpoint(TierProgress.NONE);
              }
            });
        assertThat(hanging.await(30, TimeUnit.SECONDS)).isTrue();
        store.close();
        assertThatThrownBy(work::get).as("what hung in %s", hung).isNotNull();
      }
      objects.hold(request -> {});
    }
    try (TieredBlobStore store = tiered(MANUAL)) {
      store.checkpoint(TierProgress.NONE);
      model.assertHeldBy(store);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      boolean released = latch.await(60, TimeUnit.SECONDS);
      throw new IllegalStateException("released: " + released);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Test
  void shouldKeepToItsBudgetAndTellWhatItCosts() {
    // A tenth of an hour's writes at once: six. Opening and a pass take some; then it is used up.
    RequestLimits limits = new RequestLimits(60, 0, 0, 0, 0, 8);
    PriceList prices = new PriceList(1_000, 10, 10, 1_000, 0, 0, 0);
    try (TieredBlobStore store =
        TieredBlobStore.builder(local("store"), objects)
            .config(MANUAL)
            .limits(limits)
            .prices(prices)
            .open()) {
      boolean refused = false;
      for (int i = 0; i < 10 && !refused; i++) {
        put(store, i);
        try {
          store.checkpoint(TierProgress.NONE);
        } catch (TierUnavailableException e) {
          assertThat(e).hasMessageContaining("budget is used up");
          refused = true;
        }
      }
      assertThat(refused).isTrue();
      TierStats stats = store.tierStats();
      assertThat(stats.puts() + stats.lists()).isLessThanOrEqualTo(6);
      assertThat(stats.costNanos())
          .isEqualTo(1_000 * (stats.puts() + stats.lists()) + 10 * (stats.gets() + stats.heads()));
    }
  }

  @Test
  void shouldCountRetriesAndReads() {
    try (TieredBlobStore store =
        TieredBlobStore.builder(local("store"), objects)
            .config(MANUAL)
            .limits(RequestLimits.DEFAULTS)
            .open()) {
      put(store, 1);
      int[] failures = {1};
      objects.fault((request, key) ->
          request.equals("put") && failures[0]-- > 0 ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
      store.checkpoint(TierProgress.NONE);
      assertThat(store.tierStats().retries()).isEqualTo(1);
      store.evict(id -> true);
      model.assertHeldBy(store);
      assertThat(store.tierStats().readBack().fetches()).isEqualTo(1);
    }
  }

  @Test
  void shouldRecordUploadsAndFetchesWithoutSecrets() throws Exception {
    Path file = folder.resolve("tier.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("io.ashlar.TierUpload").withoutThreshold();
      recording.enable("io.ashlar.TierFetch").withoutThreshold();
      recording.start();
      try (TieredBlobStore store = tiered(MANUAL)) {
        try (Epoch epoch = store.beginEpoch()) {
          epoch.put(
              BlobModel.id(1),
              MemorySegment.ofArray("secret-of-a-blob".getBytes(StandardCharsets.UTF_8)));
          epoch.commit();
        }
        store.checkpoint(TierProgress.NONE);
        store.evict(id -> true);
        try (BlobLease lease = store.get(BlobModel.id(1))) {
          assertThat(lease).isNotNull();
        }
      }
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(events)
        .extracting(e -> e.getEventType().getName())
        .contains("io.ashlar.TierUpload", "io.ashlar.TierFetch");
    for (RecordedEvent event : events) {
      if (event.getEventType().getName().startsWith("io.ashlar.Tier")) {
        assertThat(event.getString("batch")).startsWith(TierKeys.BATCHES);
        assertThat(event.getLong("bytes")).isPositive();
        assertThat(event.toString()).doesNotContain("secret-of-a-blob");
      }
    }
  }
}
