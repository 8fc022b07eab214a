package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is called while the tier works cannot hang it (G10), and an Error does not end it. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TierCallbacksTest {

  @TempDir Path folder;

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final BlobModel model = new BlobModel();

  private LocalBlobStore local() {
    return LocalBlobStore.builder(folder.resolve("store"))
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
        .open();
  }

  private Tier tier(LocalBlobStore store, long intervalMs) {
    return Tier.builder(store, objects)
        .config(TierConfig.DEFAULTS.withIntervalMs(intervalMs))
        .open();
  }

  private Epoch filled(LocalBlobStore store, long number) {
    Epoch epoch = store.beginEpoch();
    model.put(epoch, number, 1, 5_000);
    return epoch;
  }

  private static void assertRefused(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("called by")
        .hasMessageContaining("another thread");
  }

  private static void assertWaitsAreRefused(Tier tier) {
    assertRefused(() -> tier.checkpoint(TierProgress.NONE));
    assertRefused(() -> tier.evict(id -> true));
    assertRefused(() -> tier.collect(true));
    assertRefused(() -> tier.awaitTiered(1));
    assertRefused(tier::close);
  }

  @Test
  void shouldRefuseToWaitForAPassWithinIt() {
    try (LocalBlobStore store = local();
        Tier tier = tier(store, 0)) {
      AtomicInteger calls = new AtomicInteger();
      assertThat(filled(store, 1).commit()).isEqualTo(1);
      CheckpointReport report =
          tier.checkpoint(
              new TierProgress() {
                @Override
                public void onTotal(long blobs, long bytes) {
                  assertWaitsAreRefused(tier);
                  calls.incrementAndGet();
                }
              });
      assertThat(report.blobs()).isEqualTo(1);
      assertThat(calls).hasValue(1);
      assertThat(
              tier.evict(id -> {
                assertWaitsAreRefused(tier);
                return true;
              }))
          .isEqualTo(1);
    }
  }

  @Test
  void shouldRefuseToWaitForItInAListenerOfTheStore() {
    try (LocalBlobStore store = local();
        Tier tier = tier(store, 0)) {
      CompletableFuture<Void> ended = new CompletableFuture<>();
      filled(store, 1)
          .commit(
              new AckListener() {
                @Override
                public void onDurable(
                    long epoch, int puts, int flushed, int deletes, int deletesApplied) {
                  try {
                    assertWaitsAreRefused(tier);
                    ended.complete(null);
                  } catch (RuntimeException | Error e) {
                    ended.completeExceptionally(e);
                  }
                }

                @Override
                public void onFailed(StoreException failure) {
                  ended.completeExceptionally(failure);
                }
              });
      ended.join();
      assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(1);
    }
  }

  @Test
  void shouldRefuseToOpenOrRepairATierInAListenerOfTheStore() {
    try (LocalBlobStore store = local()) {
      CompletableFuture<Void> ended = new CompletableFuture<>();
      filled(store, 1)
          .commit(
              new AckListener() {
                @Override
                public void onDurable(
                    long epoch, int puts, int flushed, int deletes, int deletesApplied) {
                  try {
                    Tier.Builder builder = Tier.builder(store, objects);
                    assertRefused(builder::open);
                    assertRefused(() ->
                        builder.repair(
                            RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE));
                    ended.complete(null);
                  } catch (RuntimeException | Error e) {
                    ended.completeExceptionally(e);
                  }
                }

                @Override
                public void onFailed(StoreException failure) {
                  ended.completeExceptionally(failure);
                }
              });
      ended.join();
      tier(store, 0).close();
    }
  }

  @Test
  void shouldMakeFurtherPassesAfterOneThatAnErrorBrokeOff() {
    try (LocalBlobStore store = local();
        Tier tier = tier(store, 5)) {
      AtomicInteger broken = new AtomicInteger();
      objects.hold(request -> {
        if (request.startsWith("putIfAbsent") && broken.getAndIncrement() == 0) {
          throw new OutOfMemoryError("planted");
        }
      });
      long epoch = filled(store, 1).commit();
      tier.awaitTiered(epoch);
      assertThat(broken.get()).isGreaterThan(1);
    }
  }
}
