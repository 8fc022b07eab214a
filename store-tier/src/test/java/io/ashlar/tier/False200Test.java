package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.s3.S3Front;
import io.ashlar.tier.object.s3.S3Front.Bad;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway answers a PUT with 200 and stores nothing; over real HTTP. Then blobs are evicted. */
@Tag("campaign")
class False200Test {
  private static final RetryPolicy QUICK = new RetryPolicy(1, 2, 3, 10_000, 10_000, 10_000, 10_000);

  private static S3Front front;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws Exception {
    front = S3Front.start();
  }

  @AfterAll
  static void stop() {
    front.close();
  }

  private static void open(LocalBlobStore store, Steps steps) {
    try (Tier tier =
        Tier.builder(store, front.open(QUICK))
            .config(
                TierConfig.DEFAULTS
                    .withIntervalMs(0)
                    .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0)))
            .open()) {
      steps.run(tier);
    }
  }

  private interface Steps {
    void run(Tier tier);
  }

  @Test
  void shouldEvictNothingThatOnlyAFalse200SaysIsStored() {
    for (String what : List.of(TierKeys.BATCHES, TierKeys.MANIFESTS)) {
      for (boolean always : new boolean[] {false, true}) {
        evict(what, always);
      }
    }
  }

  private void evict(String what, boolean always) {
    front.renew();
    BlobModel model = new BlobModel();
    Path data = folder.resolve(what.replace('/', '-') + always);
    try (LocalBlobStore store = LocalBlobStore.builder(data).config(TierLife.SMALL).open()) {
      open(
          store,
          tier -> {
            model.putRange(store, 1, 2, 1);
            tier.checkpoint(TierProgress.NONE);
            AtomicInteger left = new AtomicInteger(always ? Integer.MAX_VALUE : 1);
            front.fault(request ->
                request.startsWith("PUT " + what) && left.getAndDecrement() > 0
                    ? Bad.NOTHING_IN_200
                    : Bad.NO);
            model.putRange(store, 10, 30, 1);
            if (always) {
              assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
                  .as(what)
                  .isInstanceOf(TierUnavailableException.class);
            } else {
              assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(20);
            }
            try {
              assertThat(tier.evict(id -> true)).isEqualTo(always ? 1 : 21);
            } catch (TierUnavailableException e) {
              assertThat(always).isTrue(); // the manifest of the pass is unresolved
              assertThat(store.stats().evictedBlobs()).isZero();
            }
            model.assertHeldBy(store);
            front.fault(request -> Bad.NO);
            model.putRange(store, 40, 45, 1);
            assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isBetween(5L, 25L);
            assertThat(tier.evict(id -> true)).isPositive();
            model.assertHeldBy(store);
          });
      open(store, tier -> model.assertHeldBy(store));
    }
  }
}
