package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.Epoch;
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

  private TieredBlobStore open(long intervalMs) {
    return TieredBlobStore.builder(
            LocalBlobStore.builder(folder.resolve("store")).poolBytes(8 << 20).open(), objects)
        .config(TierConfig.DEFAULTS.withIntervalMs(intervalMs))
        .open();
  }

  private Epoch filled(TieredBlobStore store, long number) {
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

  private static void assertWaitsAreRefused(TieredBlobStore store) {
    assertRefused(() -> store.checkpoint(TierProgress.NONE));
    assertRefused(() -> store.evict(id -> true));
    assertRefused(() -> store.collect(true));
    assertRefused(() -> store.awaitTiered(1));
    assertRefused(store::close);
  }

  @Test
  void shouldRefuseToWaitForAPassWithinIt() {
    try (TieredBlobStore store = open(0)) {
      AtomicInteger calls = new AtomicInteger();
      assertThat(filled(store, 1).commit()).isEqualTo(1);
      CheckpointReport report =
          store.checkpoint(
              new TierProgress() {
                @Override
                public void onTotal(long blobs, long bytes) {
                  assertWaitsAreRefused(store);
                  calls.incrementAndGet();
                }
              });
      assertThat(report.blobs()).isEqualTo(1);
      assertThat(calls).hasValue(1);
      assertThat(
              store.evict(id -> {
                assertWaitsAreRefused(store);
                return true;
              }))
          .isEqualTo(1);
    }
  }

  @Test
  void shouldRefuseToWaitForItInAListenerOfTheStore() {
    try (TieredBlobStore store = open(0)) {
      CompletableFuture<Void> ended = new CompletableFuture<>();
      filled(store, 1)
          .commit(
              new AckListener() {
                @Override
                public void onDurable(
                    long epoch, int puts, int flushed, int deletes, int deletesApplied) {
                  try {
                    assertWaitsAreRefused(store);
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
      assertThat(store.checkpoint(TierProgress.NONE).blobs()).isEqualTo(1);
    }
  }

  @Test
  void shouldMakeFurtherPassesAfterOneThatAnErrorBrokeOff() {
    try (TieredBlobStore store = open(5)) {
      AtomicInteger broken = new AtomicInteger();
      objects.hold(request -> {
        if (request.startsWith("putIfAbsent") && broken.getAndIncrement() == 0) {
          throw new OutOfMemoryError("planted");
        }
      });
      long epoch = filled(store, 1).commit();
      store.awaitTiered(epoch);
      assertThat(broken.get()).isGreaterThan(1);
    }
  }
}
