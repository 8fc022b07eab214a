package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The remote-durable watermark, eviction up to it, limits, statistics and cancellation. */
@Timeout(60)
class TierWatermarkTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  @TempDir Path folder;

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final BlobModel model = new BlobModel();

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
        .open();
  }

  private Tier tier(LocalBlobStore store, TierConfig config) {
    return Tier.builder(store, objects).config(config).open();
  }

  private long put(LocalBlobStore store, long number) {
    try (Epoch epoch = store.beginEpoch()) {
      model.put(epoch, number, 1, 5_000);
      return epoch.commit();
    }
  }

  @Test
  void shouldRiseOnlyWhenTheManifestIsCommitted() {
    try (LocalBlobStore store = local("store");
        Tier tier = tier(store, MANUAL)) {
      long epoch = put(store, 1);
      assertThat(tier.tieredEpoch()).isLessThan(epoch);
      objects.fault(
          (request, key) -> request.equals("putIfAbsent") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
      assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
          .isInstanceOf(TierUnavailableException.class);
      assertThat(tier.tieredEpoch()).isLessThan(epoch);
      objects.heal();
      tier.awaitTiered(epoch);
      assertThat(tier.tieredEpoch()).isGreaterThanOrEqualTo(epoch);
      List<String> before = objects.requests();
      assertThat(tier.tieredEpoch()).isGreaterThanOrEqualTo(epoch);
      assertThat(objects.requests()).isEqualTo(before);
      // Memory does not know whether another writer took over.
      tier.awaitTiered(epoch);
      assertThat(objects.requests().subList(before.size(), objects.requests().size()))
          .containsExactly( // each twice, because it is absent
              "head " + TierKeys.manifest(3),
              "head " + TierKeys.manifest(3),
              "get " + TierKeys.BOUNDARY,
              "get " + TierKeys.BOUNDARY);
    }
    // And it is there at once after a restart.
    try (LocalBlobStore store = local("store");
        Tier tier = tier(store, MANUAL)) {
      assertThat(tier.tieredEpoch()).isPositive();
    }
  }

  @Test
  void shouldWaitForThePassesAtAnInterval() {
    try (LocalBlobStore store = local("store");
        Tier tier = tier(store, MANUAL.withIntervalMs(5))) {
      for (int i = 0; i < 5; i++) {
        long epoch = put(store, i);
        tier.awaitTiered(epoch);
        assertThat(tier.tieredEpoch()).isGreaterThanOrEqualTo(epoch);
      }
    }
  }

  @Test
  void shouldTellWhoWaitsThatItWasFencedOrClosed() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      LocalBlobStore store = local("store");
      Tier tier = tier(store, MANUAL.withIntervalMs(3_600_000));
      long epoch = put(store, 1);
      Future<?> waiter = threads.submit(() -> tier.awaitTiered(epoch));
      tier.close();
      store.close();
      assertThatThrownBy(waiter::get).hasCauseInstanceOf(StoreClosedException.class);

      LocalBlobStore first = local("store");
      Tier firstTier = tier(first, MANUAL.withIntervalMs(5));
      // Another writer claims the prefix.
      String next = TierKeys.manifest(3);
      objects.delegate().put(next, io.ashlar.tier.object.ObjectBody.of(new byte[] {1}));
      Future<?> fenced = threads.submit(() -> firstTier.awaitTiered(put(first, 2)));
      assertThatThrownBy(fenced::get).hasCauseInstanceOf(FencedException.class);
      firstTier.close();
      first.close();
    }
  }

  @Test
  void shouldEvictTheOldestBehindTheWatermarkOnly() {
    try (LocalBlobStore store = local("store");
        Tier tier = tier(store, MANUAL)) {
      for (int i = 0; i < 20; i++) {
        put(store, i);
      }
      tier.checkpoint(TierProgress.NONE);
      for (int i = 20; i < 30; i++) {
        put(store, i);
      }
      // Two blocks each.
      assertThat(tier.evictOldest(5 * 8192, id -> true)).isEqualTo(5);
      store.forEach((high, low, length, local) -> assertThat(local).isEqualTo(low >= 5));
      assertThat(tier.evictOldest(Long.MAX_VALUE, id -> true)).isEqualTo(15);
      store.forEach((high, low, length, local) -> assertThat(local).isEqualTo(low >= 20));
      model.assertHeldBy(store);
    }
  }

  @Test
  @Tag("campaign")
  void shouldEvictByItselfAboveTheHighMarkDownToTheLowOne() {
    TierConfig space =
        MANUAL.withSpace(SpaceConfig.DEFAULTS.withHighBytes(6 << 20).withLowBytes(4 << 20));
    try (LocalBlobStore store = local("store");
        Tier tier = tier(store, space)) {
      for (int i = 0; i < 400; i++) {
        put(store, i);
        if (i % 50 == 49) {
          tier.checkpoint(TierProgress.NONE);
        }
      }
      for (int i = 400; i < 1200; i++) {
        put(store, i);
      }
      // Above the mark, but not tiered: it stays.
      assertThat(store.stats().evictedBlobs()).isZero();
      tier.checkpoint(TierProgress.NONE);
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
      LocalBlobStore store = local("store");
      Tier tier = tier(store, MANUAL);
      put(store, hung.length());
      if (hung.equals("get ")) {
        tier.checkpoint(TierProgress.NONE);
        tier.evict(id -> true);
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
                tier.checkpoint(TierProgress.NONE);
              }
            });
        assertThat(hanging.await(120, TimeUnit.SECONDS)).isTrue();
        tier.close();
        store.close();
        assertThatThrownBy(work::get).as("what hung in %s", hung).isNotNull();
      }
      objects.hold(request -> {});
    }
    try (LocalBlobStore store = local("store");
        Tier tier = tier(store, MANUAL)) {
      tier.checkpoint(TierProgress.NONE);
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
    RequestLimits limits =
        RequestLimits.DEFAULTS.withWritesPerHour(60).withBudgetWaitMaxMs(0).withConcurrentMax(8);
    PriceList prices =
        PriceList.DEFAULTS
            .withPutNanos(1_000)
            .withGetNanos(10)
            .withHeadNanos(10)
            .withListNanos(1_000);
    try (LocalBlobStore store = local("store");
        Tier tier =
            Tier.builder(store, objects).config(MANUAL).limits(limits).prices(prices).open()) {
      boolean refused = false;
      for (int i = 0; i < 10 && !refused; i++) {
        put(store, i);
        try {
          tier.checkpoint(TierProgress.NONE);
        } catch (TierUnavailableException e) {
          assertThat(e).hasMessageContaining("budget is used up");
          refused = true;
        }
      }
      assertThat(refused).isTrue();
      TierStats stats = tier.stats();
      assertThat(stats.puts() + stats.lists()).isLessThanOrEqualTo(6);
      assertThat(stats.costNanos())
          .isEqualTo(1_000 * (stats.puts() + stats.lists()) + 10 * (stats.gets() + stats.heads()));
    }
  }

  @Test
  void shouldCountRetriesAndReads() {
    try (LocalBlobStore store = local("store");
        Tier tier =
            Tier.builder(store, objects).config(MANUAL).limits(RequestLimits.DEFAULTS).open()) {
      put(store, 1);
      int[] failures = {1};
      objects.fault((request, key) ->
          request.equals("put") && failures[0]-- > 0 ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.stats().retries()).isEqualTo(1);
      tier.evict(id -> true);
      model.assertHeldBy(store);
      assertThat(tier.stats().readBack().gets()).isEqualTo(1);
    }
  }

  @Test
  void shouldRecordUploadsAndFetchesWithoutSecrets() throws Exception {
    Path file = folder.resolve("tier.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("io.ashlar.TierUpload").withoutThreshold();
      recording.enable("io.ashlar.TierReadBack").withoutThreshold();
      recording.start();
      try (LocalBlobStore store = local("store");
          Tier tier = tier(store, MANUAL)) {
        try (Epoch epoch = store.beginEpoch()) {
          epoch.put(
              BlobModel.id(1),
              MemorySegment.ofArray("secret-of-a-blob".getBytes(StandardCharsets.UTF_8)));
          epoch.commit();
        }
        tier.checkpoint(TierProgress.NONE);
        tier.evict(id -> true);
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
        .contains("io.ashlar.TierUpload", "io.ashlar.TierReadBack");
    for (RecordedEvent event : events) {
      if (event.getEventType().getName().startsWith("io.ashlar.Tier")) {
        assertThat(event.getString("batch")).startsWith(TierKeys.BATCHES);
        assertThat(event.getLong("bytes")).isPositive();
        assertThat(event.toString()).doesNotContain("secret-of-a-blob");
      }
    }
  }
}
