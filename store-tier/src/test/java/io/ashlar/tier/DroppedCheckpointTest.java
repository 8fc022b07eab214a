package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.ashlar.store.BlobLease;
import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Checkpoints;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that retention dropped is told apart from one that is damaged, at any moment. */
class DroppedCheckpointTest {
  private static final RestoreOptions UNPINNED = RestoreOptions.DEFAULTS.withPin(false);

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);
  private final BlobModel model = new BlobModel();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private LocalBlobStore writer;
  private Tier writerTier;
  private long first;

  @BeforeEach
  void open() {
    writer = local();
    writerTier =
        Tier.builder(writer, new FaultyObjectStore(below))
            .config(
                TierConfig.DEFAULTS
                    .withIntervalMs(0)
                    .withBatchBytesTarget(64 << 10)
                    .withCollection(
                        CollectionConfig.DEFAULTS
                            .withIntervalMs(0)
                            .withRetainCount(1)
                            .withCompactBelowPercent(0)))
            .open();
    opened.add(writerTier);
    model.putRange(writer, 0, 5, 77); // so that the first checkpoint is a chain
    writerTier.checkpoint(TierProgress.NONE);
    first = tier(1);
  }

  @AfterEach
  void close() throws Exception {
    objects.hold(request -> {});
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
  }

  private LocalBlobStore local() {
    LocalBlobStore store =
        LocalBlobStore.builder(folder.resolve("store" + opened.size()))
            .config(TierLife.SMALL)
            .open();
    opened.add(store);
    return store;
  }

  /** Puts the same blobs anew and tiers them. */
  private long tier(long seed) {
    model.putRange(writer, 0, 30, seed * 1000);
    return writerTier.checkpoint(TierProgress.NONE).manifestSequence();
  }

  /** All but the newest checkpoint goes. */
  private void drop() {
    tier(2);
    var _ = writerTier.collect(false);
    var _ = writerTier.collect(false);
  }

  /** All but the newest checkpoint goes as soon as an object is asked for. */
  private AtomicBoolean dropOnce(String request) {
    AtomicBoolean dropped = new AtomicBoolean();
    objects.hold(asked -> {
      if (asked.startsWith(request) && !dropped.getAndSet(true)) {
        drop();
      }
    });
    return dropped;
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(below).latest());
  }

  private List<String> batches() {
    return below.listAll(TierKeys.BATCHES).map(ObjectInfo::key).toList();
  }

  private void restore(LocalBlobStore into, RestoreOptions options) {
    var _ = Restore.restore(objects, into, options, TierProgress.NONE);
  }

  private void assertSaysWhatIsRetained(CheckpointDroppedException e) {
    assertThat(e).isNotNull();
    long from = latest().collection().retainedFrom();
    assertThat(from).isGreaterThan(first);
    assertThat(e.checkpoint()).isEqualTo(first);
    assertThat(e.retainedFrom()).isEqualTo(from);
    assertThat(e.retainedThrough()).isEqualTo(latest().sequence());
    assertThat(e)
        .hasMessageStartingWith("checkpoint was dropped by retention")
        .hasMessageContaining("checkpoint=" + first + ",")
        .hasMessageContaining("retained=" + from + " to " + latest().sequence())
        .hasMessageContaining("choose one of these, or the newest");
  }

  private void assertDropped(RestoreOptions options) {
    LocalBlobStore into = local();
    assertSaysWhatIsRetained(
        catchThrowableOfType(
            CheckpointDroppedException.class, () -> restore(into, options.withCheckpoint(first))));
  }

  private void assertFollowingIsDropped(FollowerConfig config) {
    assertSaysWhatIsRetained(
        catchThrowableOfType(
            CheckpointDroppedException.class,
            () -> FollowerStore.open(objects, config.withCheckpoint(first)).close()));
  }

  @Test
  void shouldSayWhatIsRetainedWhenADroppedCheckpointIsAskedFor() {
    drop();
    for (boolean onto : new boolean[] {false, true}) {
      assertDropped(RestoreOptions.DEFAULTS.withOnto(onto));
      assertDropped(UNPINNED.withOnto(onto));
    }
    assertFollowingIsDropped(FollowerConfig.DEFAULTS);
    assertFollowingIsDropped(FollowerConfig.DEFAULTS.withPin(false));
    assertThat(Pins.list(below)).isEmpty();
    // What never was is another thing.
    LocalBlobStore into = local();
    assertThatThrownBy(() -> restore(into, UNPINNED.withCheckpoint(999)))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("checkpoint=999, retained=" + latest().collection().retainedFrom());
  }

  @Test
  void shouldSayThatACheckpointWasDroppedWhileItsBatchesWereRestored() {
    AtomicBoolean dropped = dropOnce("get " + TierKeys.BATCHES);
    assertDropped(UNPINNED);
    assertThat(dropped).isTrue();
  }

  @Test
  void shouldSayThatACheckpointWasDroppedWhileItsManifestsWereRead() {
    AtomicBoolean dropped = dropOnce("get " + TierKeys.manifest(first - 1));
    assertDropped(UNPINNED);
    assertThat(dropped).isTrue();
  }

  @Test
  void shouldSayThatACheckpointWasDroppedWhileAStoreWasTurnedIntoIt() {
    LocalBlobStore into = local();
    new BlobModel().putRange(into, 10, 60, 5);
    AtomicBoolean dropped = dropOnce("get " + TierKeys.BATCHES);
    assertSaysWhatIsRetained(
        catchThrowableOfType(
            CheckpointDroppedException.class,
            () -> restore(into, UNPINNED.withOnto(true).withCheckpoint(first))));
    assertThat(dropped).isTrue();
    // What is left of it is gone on from.
    restore(into, UNPINNED.withOnto(true));
    model.assertHeldBy(into);
  }

  @Test
  void shouldGoOnWithTheNewestWhenThatIsDroppedUnderARestore() {
    for (String request :
        List.of("get " + TierKeys.BATCHES, "get " + TierKeys.manifest(first - 1))) {
      AtomicBoolean dropped = dropOnce(request);
      LocalBlobStore into = local();
      restore(into, UNPINNED);
      model.assertHeldBy(into);
      if (request.contains(TierKeys.BATCHES)) {
        assertThat(dropped).isTrue();
      }
    }
  }

  @Test
  void shouldCallABatchThatARetainedCheckpointLacksDamage() {
    String lost = batches().getLast();
    below.deleteAll(List.of(lost));
    assertMissing("batch is missing: object=" + lost);
    for (boolean pin : new boolean[] {false, true}) {
      try (FollowerStore follower =
          FollowerStore.open(objects, FollowerConfig.DEFAULTS.withPin(pin))) {
        assertThat(damagedReads(follower)).isPositive();
      }
    }
  }

  /** Also if there is a newer one: the boundary alone says that nothing was dropped. */
  @Test
  void shouldCallABatchThatAnOlderRetainedCheckpointLacksDamage() {
    String lost = batches().getLast();
    tier(2);
    below.deleteAll(List.of(lost));
    for (boolean onto : new boolean[] {false, true}) {
      LocalBlobStore into = local();
      assertThatThrownBy(() -> restore(into, UNPINNED.withOnto(onto).withCheckpoint(first)))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("batch is missing: object=" + lost);
    }
  }

  /** As a repair leaves it that broke off when the boundary had risen. */
  @Test
  void shouldCallABatchThatTheNewestCheckpointLacksDamageWhereverTheBoundaryIs() {
    String lost = batches().getLast();
    assertThat(new ManifestStore(below).boundary().raise(first - 1)).isTrue();
    assertThat(latest().collection().baseSequence()).isLessThan(first);
    below.deleteAll(List.of(lost));
    LocalBlobStore into = local();
    assertThatThrownBy(() -> restore(into, UNPINNED))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("batch is missing: object=" + lost);
  }

  @Test
  void shouldCallAManifestThatARetainedCheckpointLacksDamage() {
    String lost = TierKeys.manifest(first - 1);
    below.deleteAll(List.of(lost));
    assertMissing("manifest of the chain is missing: object=" + lost);
    for (boolean pin : new boolean[] {false, true}) {
      try (FollowerStore follower =
          FollowerStore.open(objects, FollowerConfig.DEFAULTS.withPin(pin))) {
        assertThat(damagedReads(follower)).as("the newest manifest proves all").isZero();
        assertThatThrownBy(() -> follower.forEach((high, low, length, local) -> {}))
            .isInstanceOf(CorruptionException.class); // others may be lost
      }
    }
  }

  private void assertMissing(String message) {
    for (RestoreOptions options :
        List.of(
            RestoreOptions.DEFAULTS,
            UNPINNED,
            UNPINNED.withOnto(true),
            UNPINNED.withCheckpoint(first))) {
      LocalBlobStore into = local();
      assertThatThrownBy(() -> restore(into, options))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining(message);
    }
  }

  /** How many blobs a follower calls damaged; the others it serves, and calls none absent. */
  private static int damagedReads(FollowerStore follower) {
    int damaged = 0;
    for (int id = 0; id < 30; id++) {
      try (BlobLease lease = follower.get(BlobModel.id(id))) {
        assertThat(lease).as("id %d", id).isNotNull();
      } catch (CorruptionException e) {
        damaged++;
      }
    }
    return damaged;
  }

  @Test
  void shouldCallABatchThatAPinnedCheckpointLacksDamage() {
    AtomicBoolean dropped = new AtomicBoolean();
    objects.hold(asked -> {
      if (asked.startsWith("get " + TierKeys.BATCHES) && !dropped.getAndSet(true)) {
        List<String> before = batches();
        drop(); // which leaves what is pinned
        assertThat(batches()).containsAll(before);
        below.deleteAll(before);
      }
    });
    LocalBlobStore into = local();
    assertThatThrownBy(() -> restore(into, RestoreOptions.DEFAULTS.withCheckpoint(first)))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("batch is missing");
    assertThat(dropped).isTrue();
  }

  @Test
  void shouldSayThatACheckpointWasDroppedWhosePinSomebodyDeleted() {
    AtomicBoolean dropped = new AtomicBoolean();
    objects.hold(asked -> {
      if (asked.startsWith("get " + TierKeys.BATCHES) && !dropped.getAndSet(true)) {
        below.deleteAll(Pins.list(below).stream().map(ObjectInfo::key).toList());
        drop();
      }
    });
    assertDropped(RestoreOptions.DEFAULTS);
    assertThat(dropped).isTrue();
  }

  @Test
  void shouldSayToAFollowerThatItsCheckpointWasDroppedAndGoOnAfterARefresh() {
    FollowerConfig config =
        FollowerConfig.DEFAULTS
            .withPin(false)
            .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0));
    try (FollowerStore follower = FollowerStore.open(objects, config)) {
      drop();
      assertSaysWhatIsRetained(
          catchThrowableOfType(CheckpointDroppedException.class, () -> readAll(follower)));
      assertThat(follower.refresh()).isTrue();
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldOpenAFollowerAtTheNewestWhenThatIsDroppedUnderIt() {
    AtomicBoolean dropped = dropOnce("get " + TierKeys.BATCHES);
    try (FollowerStore follower =
        FollowerStore.open(objects, FollowerConfig.DEFAULTS.withPin(false))) {
      assertThat(dropped).isTrue();
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldSayThatACheckpointWasDroppedWhileAFollowerWasOpenedAtIt() {
    for (String request :
        List.of("get " + TierKeys.manifest(first - 1), "get " + TierKeys.BATCHES)) {
      if (request.contains(TierKeys.BATCHES)) {
        first = tier(3); // the one before is gone by now
      }
      AtomicBoolean dropped = dropOnce(request);
      assertFollowingIsDropped(FollowerConfig.DEFAULTS.withPin(false));
      assertThat(dropped).isTrue();
    }
  }

  @Test
  void shouldRefreshAFollowerToTheNewestWhenThatIsDroppedUnderIt() {
    try (FollowerStore follower =
        FollowerStore.open(objects, FollowerConfig.DEFAULTS.withPin(false))) {
      tier(5);
      AtomicBoolean dropped = dropOnce("get " + TierKeys.BATCHES);
      assertThat(follower.refresh()).isTrue();
      assertThat(dropped).isTrue();
      model.assertHeldBy(follower);
      assertThat(follower.checkpoint()).isEqualTo(latest().sequence());
    }
  }

  @Test
  void shouldKeepAFollowersPinUntilItsLastReaderHasMovedOn() {
    AtomicBoolean moved = new AtomicBoolean();
    try (FollowerStore follower =
        FollowerStore.open(
            objects,
            FollowerConfig.DEFAULTS.withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0)))) {
      objects.hold(asked -> {
        if (asked.startsWith("get " + TierKeys.BATCHES) && !moved.getAndSet(true)) {
          drop();
          // In a request it is refused.
          assertThat(CompletableFuture.supplyAsync(follower::refresh).join()).isTrue();
          var _ = writerTier.collect(false);
        }
      });
      try (BlobLease lease = follower.get(BlobModel.id(3))) {
        assertThat(Objects.requireNonNull(lease).value().byteSize()).isEqualTo(3 * 977);
      }
      assertThat(moved).isTrue();
      assertThat(Pins.list(below)).hasSize(1);
    }
    assertThat(Pins.list(below)).isEmpty();
  }

  @Test
  void shouldReleaseAFollowersPinWhenItIsClosedThoughSomebodyReads() throws Exception {
    FollowerStore follower =
        FollowerStore.open(
            objects,
            FollowerConfig.DEFAULTS.withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0)));
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    objects.hold(asked -> {
      if (asked.startsWith("get " + TierKeys.BATCHES)) {
        reading.countDown();
        awaitUninterruptibly(closed);
      }
    });
    Thread reader =
        Thread.ofPlatform()
            .start(() -> {
              try (BlobLease lease = follower.get(BlobModel.id(3))) {
                assertThat(lease).isNotNull();
              } catch (StoreException e) {
                assertThat(e).isNotNull(); // it may be ended, too
              }
            });
    try {
      reading.await();
      assertThat(Pins.list(below)).hasSize(1);
      follower.close();
      assertThat(Pins.list(below)).isEmpty();
    } finally {
      closed.countDown();
      reader.join();
    }
  }

  /** As a client waits that does not notice an interrupt. */
  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void readAll(FollowerStore follower) {
    for (int i = 0; i < 30; i++) {
      Objects.requireNonNull(follower.get(BlobModel.id(i))).close();
    }
  }

  @Test
  void shouldListWhatIsRetainedWhileCheckpointsAreDropped() {
    AtomicBoolean dropped = dropOnce("get " + TierKeys.manifest(first - 1));
    assertThat(Checkpoints.list(objects).getLast().sequence()).isEqualTo(latest().sequence());
    assertThat(dropped).isTrue();
  }
}
