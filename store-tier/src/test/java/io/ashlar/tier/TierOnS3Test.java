package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.s3.LockedBlobStore;
import io.ashlar.tier.object.s3.LockedBlobStore.Operation;
import io.ashlar.tier.object.s3.S3TestServer;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreReport;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tier over HTTP: a server that answers 503, or not at all. */
@Tag("campaign")
class TierOnS3Test {
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static S3TestServer server;

  private final String prefix = "tier-" + PREFIXES.incrementAndGet();
  private final BlobModel model = new BlobModel();

  @TempDir Path folder;

  @BeforeAll
  static void start() throws Exception {
    server = S3TestServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void clearHook() {
    server.blobs().clearHook();
  }

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  private Tier tier(LocalBlobStore store, boolean adopt) {
    return Tier.builder(store, server.open(prefix))
        .config(TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(256 << 10))
        .adopt(adopt)
        .open();
  }

  private RestoreReport assertRestored(String name) {
    try (ObjectStore objects = server.open(prefix);
        LocalBlobStore store = local(name)) {
      RestoreReport report = Restore.restore(objects, store, TierProgress.NONE);
      model.assertHeldBy(store);
      return report;
    }
  }

  /** Fails a number of puts of keys that contain a text, before or after applying them. */
  private static AtomicInteger failPuts(String text, int times, boolean applied) {
    AtomicInteger left = new AtomicInteger(times);
    server
        .blobs()
        .hook(
            new LockedBlobStore.Hook() {
              @Override
              public void before(Operation operation, String key) {
                fail(operation, key, !applied);
              }

              @Override
              public void after(Operation operation, String key) {
                fail(operation, key, applied);
              }

              private void fail(Operation operation, String key, boolean here) {
                if (here
                    && operation == Operation.PUT
                    && key.contains(text)
                    && left.getAndDecrement() > 0) {
                  throw S3Exceptions.fromStatusCode(503);
                }
              }
            });
    return left;
  }

  @Test
  void shouldCollectWhatIsDroppedThoughRaisingTheBoundaryGoesUnanswered() {
    TierConfig config =
        TierConfig.DEFAULTS
            .withIntervalMs(0)
            .withBatchBytesTarget(64 << 10)
            .withCollection(CollectionConfig.DEFAULTS.withIntervalMs(0).withRetainCount(1));
    try (LocalBlobStore store = local("a");
        Tier tier = Tier.builder(store, server.open(prefix)).config(config).open()) {
      for (int i = 1; i <= 3; i++) {
        model.putRange(store, 1, 60, i);
        tier.checkpoint(TierProgress.NONE);
      }
      tier.evict(id -> id.low() % 2 == 0);
      for (int i = 4; i <= 5; i++) {
        // Created at first, and then replaced on condition of its etag.
        AtomicInteger left = failPuts(TierKeys.BOUNDARY, 1, true);
        CollectionReport report = tier.collect(false);
        assertThat(left.get()).isNotPositive();
        assertThat(report.batchesDeleted()).isPositive();
        assertThat(report.manifestsDeleted()).isPositive();
        model.putRange(store, 1, 50, i);
        tier.checkpoint(TierProgress.NONE);
      }
      tier.collect(false);
      tier.collect(false);
      assertThat(tier.collect(false)).isEqualTo(CollectionReport.NOTHING);
      model.assertHeldBy(store);
    }
    assertThat(assertRestored("b").blobs()).isEqualTo(59);
  }

  @Test
  void shouldTierEvictReadBackAndRestore() {
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store, false)) {
      model.putRange(store, 1, 400, 1);
      model.put(store, 1000, 3, 2_000_000);
      CheckpointReport report = tier.checkpoint(TierProgress.NONE);
      TierStats stats = tier.stats();
      assertThat(stats.batches()).isEqualTo(report.batches());
      // Each batch, the claim, the manifest, and their two hints.
      assertThat(stats.puts()).isEqualTo(report.batches() + 4);
      assertThat(tier.evict(id -> true)).isEqualTo(400);
      model.assertHeldBy(store);
      // One for each frame, of some 64 KiB; the large blob's are read at once.
      assertThat(tier.stats().gets() - stats.gets())
          .isBetween(report.batches(), report.bytesBefore() / (64 << 10));
      assertThat(tier.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);
    }
    RestoreReport restored = assertRestored("restored");
    assertThat(restored.blobs()).isEqualTo(400);
    assertThat(restored.manifests()).isEqualTo(2);
  }

  @Test
  void shouldSurviveUnansweredPutsOfBatchesManifestsAndHints() {
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store, false)) {
      for (String what : List.of(TierKeys.BATCHES, TierKeys.MANIFESTS, TierKeys.LATEST)) {
        for (boolean applied : new boolean[] {false, true}) {
          model.putRange(store, 1, 50, PREFIXES.incrementAndGet());
          AtomicInteger left = failPuts(what, 2, applied);
          assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(49);
          assertThat(left.get()).as("%s %s", what, applied).isLessThan(2);
          server.blobs().clearHook();
        }
      }
    }
    assertRestored("restored");
  }

  @Test
  void shouldGoOnAfterTheServerWasUnavailable() {
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store, false)) {
      model.putRange(store, 1, 50, 1);
      failPuts(TierKeys.BATCHES, Integer.MAX_VALUE, false);
      assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
          .isInstanceOf(TierUnavailableException.class);
      server.blobs().clearHook();
      assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(49);
    }
    assertRestored("restored");
  }

  @Test
  void shouldLetOneOfTwoWritersGoOnAndFenceTheOther() {
    try (LocalBlobStore first = local("a");
        Tier firstTier = tier(first, false)) {
      model.putRange(first, 1, 50, 1);
      firstTier.checkpoint(TierProgress.NONE);
      assertRestored("b");
      try (LocalBlobStore second = local("b");
          Tier secondTier = tier(second, true)) {
        model.putRange(second, 20, 30, 2);
        new BlobModel().putRange(first, 20, 30, 3);
        assertThatThrownBy(() -> firstTier.checkpoint(TierProgress.NONE))
            .isInstanceOf(FencedException.class);
        assertThat(secondTier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(10);
      }
    }
    assertRestored("restored");
  }

  @Test
  void shouldNameTheBatchThatIsMissingOrDamagedInARestore() {
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store, false)) {
      model.putRange(store, 1, 50, 1);
      tier.checkpoint(TierProgress.NONE);
    }
    try (ObjectStore objects = server.open(prefix);
        LocalBlobStore target = local("restored")) {
      String batch = objects.listAll(TierKeys.BATCHES).findFirst().orElseThrow().key();
      assertThat(objects.deleteAll(List.of(batch)).failed()).isEmpty();
      assertThatThrownBy(() -> Restore.restore(objects, target, TierProgress.NONE))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining(batch);
    }
  }

  @Test
  void shouldSayThatABlobCannotBeReadBackNow() {
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store, false)) {
      model.putRange(store, 1, 50, 1);
      tier.checkpoint(TierProgress.NONE);
      tier.evict(id -> true);
      server
          .blobs()
          .hook(
              new LockedBlobStore.Hook() {
                @Override
                public void before(Operation operation, String key) {
                  if (operation == Operation.GET) {
                    throw S3Exceptions.fromStatusCode(503);
                  }
                }
              });
      assertThatThrownBy(() -> store.get(BlobModel.id(7)))
          .isInstanceOf(TierUnavailableException.class);
      server.blobs().clearHook();
      model.assertHeldBy(store);
    }
  }
}
