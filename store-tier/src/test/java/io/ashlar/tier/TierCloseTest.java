package io.ashlar.tier;

import static io.ashlar.tier.object.FaultyObjectStore.Outcome.ANSWERED;
import static io.ashlar.tier.object.FaultyObjectStore.Outcome.NOT_APPLIED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreClosedException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a tier ends, and what calls get that come later or are in progress. */
class TierCloseTest extends TierInFolder {
  @Test
  void shouldMakeALastPassOnCloseOnlyWhenConfigured() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier _ = tier(store)) {
      model.putRange(store, 1, 10, 1);
    }
    assertRestored(new BlobModel());
    try (LocalBlobStore store = local("a");
        Tier _ = open(store, prefix(), MANUAL.withCheckpointOnClose(true), false)) {
      model.putRange(store, 10, 20, 1);
    }
    assertRestored(model);
  }

  @Test
  void shouldSayThatItIsClosed() {
    LocalBlobStore store = local("a");
    Tier tier = tier(store);
    tier.close();
    tier.close();
    store.close();
    store.close();
    assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
        .isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> tier.evict(id -> true)).isInstanceOf(StoreClosedException.class);
    assertThatThrownBy(() -> store.contains(BlobModel.id(1)))
        .isInstanceOf(StoreClosedException.class);
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldEndTypedWhenTheStoreIsClosedFirst() throws Exception {
    BlobModel model = new BlobModel();
    for (long intervalMs : new long[] {0, 5}) {
      LocalBlobStore store = local("a");
      TierConfig config = MANUAL.withIntervalMs(intervalMs).withCheckpointOnClose(true);
      Tier tier = open(store, prefix(), config, false);
      model.putRange(store, 1, 300, intervalMs);
      store.close();
      assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
          .isInstanceOf(StoreClosedException.class);
      assertThatThrownBy(() -> tier.evict(id -> true)).isInstanceOf(StoreClosedException.class);
      assertThatThrownBy(() -> tier.awaitTiered(1000)).isInstanceOf(StoreClosedException.class);
      assertThat(tier.stats().puts()).isPositive();
      tier.close();
      tier.close();
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      tier.checkpoint(TierProgress.NONE);
    }
    assertRestored(model);
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldTellWhoWaitsForAPassThatTheStoreIsClosed() throws Exception {
    BlobModel model = new BlobModel();
    FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
    LocalBlobStore store = local("a");
    try (Tier tier = open(store, objects, MANUAL.withIntervalMs(5), false);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      objects.fault((request, key) -> request.equals("put") ? NOT_APPLIED : ANSWERED);
      model.putRange(store, 1, 10, 1);
      long epoch = store.durableEpoch();
      CountDownLatch waits = new CountDownLatch(1);
      Future<?> waiter =
          threads.submit(() -> {
            waits.countDown();
            tier.awaitTiered(epoch);
          });
      waits.await();
      store.close();
      assertThatThrownBy(waiter::get).hasCauseInstanceOf(StoreClosedException.class);
    }
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldEndAPassInWhichTheStoreIsClosed() throws Exception {
    BlobModel model = new BlobModel();
    FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
    LocalBlobStore store = local("a");
    Tier tier = open(store, objects, MANUAL, false);
    model.putRange(store, 1, 300, 1);
    objects.hold(request -> {
      if (request.startsWith("put ")) {
        CompletableFuture.runAsync(store::close).join(); // in a request it is refused
      }
    });
    assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
        .isInstanceOf(StoreClosedException.class);
    tier.close();
    objects.hold(request -> {});
    try (LocalBlobStore again = local("a");
        Tier next = open(again, objects, MANUAL, false)) {
      assertThat(next.checkpoint(TierProgress.NONE).blobs()).isEqualTo(299);
      model.assertHeldBy(again);
    }
  }
}
