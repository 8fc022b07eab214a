package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.FencedException;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.upload.ForeignCollection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a collection leaves to readers, snapshots and other writers. */
class CollectionRaceTest extends CollectedTier {
  @Test
  void shouldKeepWhatIsPinnedBetweenItsPlanAndTheBoundary() {
    open(ONE);
    TierManifest first = tier(1);
    BlobModel then = model.copy();
    tier(2);
    AtomicReference<Pins.Pinned> pinned = new AtomicReference<>();
    objects.hold(request -> {
      if (request.startsWith("put") && request.endsWith(TierKeys.BOUNDARY)) {
        pinned.compareAndSet(null, Pins.take(below, first.sequence(), "a restore"));
      }
    });
    assertThat(tier.collect(false).batchesLeft()).isPositive();
    objects.hold(request -> {});
    assertThat(then.isExactly(TierState.at(below, first))).isTrue();
    assertThat(Objects.requireNonNull(pinned.get()).pin().release()).isTrue();
    assertThat(tier.collect(false).batchesDeleted()).isPositive();
    assertLatestIsWhole();
  }

  @Test
  void shouldDeleteNothingOnceAnotherWriterTookOver() {
    open(ONE);
    tier(1);
    tier(2);
    List<String> before = keys("");
    objects.hold(request -> {
      if (request.startsWith("put") && request.endsWith(TierKeys.BOUNDARY)) {
        long next = latest().sequence() + 1;
        below.put(TierKeys.manifest(next), ObjectBody.of(new byte[] {1})); // another's, as it looks
      }
    });
    assertThatThrownBy(() -> tier.collect(false)).isInstanceOf(FencedException.class);
    assertThat(keys("")).containsAll(before);
  }

  @Test
  void shouldKeepWhatIsPinnedUntilItIsReleased() { // U3
    open(ONE);
    tier(1);
    BlobModel then = model.copy();
    Pins.Pinned pinned = Objects.requireNonNull(Pins.takeLatest(below, "a restore"));
    tier(2);
    tier(3);
    CollectionReport report = tier.collect(false);
    assertThat(report.pins()).isEqualTo(1);
    assertThat(report.boundary()).isGreaterThan(pinned.manifest().sequence());
    tier.collect(false);
    assertThat(then.isExactly(TierState.at(below, pinned.manifest()))).isTrue();
    assertThat(pinned.pin().release()).isTrue();
    assertThat(tier.collect(false).batchesDeleted()).isPositive();
    assertThat(new ManifestStore(below).find(pinned.manifest().sequence())).isNull();
    assertLatestIsWhole();
  }

  @Tag("campaign")
  @Test
  void shouldNotBreakRestoresThatRaceRetention() throws Exception {
    open(ONE);
    tier(1);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    AtomicBoolean end = new AtomicBoolean();
    Thread collector =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 2; i < 40 && !end.get(); i++) {
                  tier(i);
                  tier.collect(false);
                }
              } catch (Throwable e) {
                failed.set(e);
              }
            });
    int restored = 0;
    int real = 0;
    while (collector.isAlive()) {
      try (Pins.Pinned pinned = Objects.requireNonNull(Pins.takeLatest(objects, "racing"))) {
        assertThat(TierState.at(objects, pinned.manifest())).hasSize(30);
      }
      if (restored++ % 20 == 0) {
        Path target = Files.createDirectory(folder.resolve("restored" + restored));
        try (LocalBlobStore into = LocalBlobStore.builder(target).config(TierLife.SMALL).open()) {
          assertThat(Restore.restore(objects, into, TierProgress.NONE).blobs()).isEqualTo(30);
          real++;
        }
      }
    }
    end.set(true);
    collector.join();
    assertThat(failed.get()).isNull();
    assertThat(restored).isPositive();
    assertThat(real).isPositive();
    System.out.println(
        "restores that raced retention: read=" + restored + ", into a store=" + real);
  }

  @Test
  @Tag("campaign")
  void shouldLeaveWhatAnOpenSnapshotMayReadBack() throws Exception {
    open(ONE.withCompactBelowPercent(90));
    tier(1);
    tier.evict(id -> true);
    BlobModel then = model.copy();
    try (Snapshot snapshot = store.snapshot();
        Arena arena = Arena.ofConfined()) {
      tier(2);
      assertThat(tier.collect(false).batchesLeft()).isPositive();
      assertThat(tier.collect(false).batchesLeft()).isPositive();
      MemorySegment target = arena.allocate(10_000);
      for (int i = 1; i < 30; i++) {
        assertThat(snapshot.get(BlobModel.id(i), target)).isPositive();
      }
    }
    assertThat(then.size()).isEqualTo(model.size());
    assertThat(tier.collect(false).batchesDeleted()).isPositive();
    model.assertHeldBy(store);
  }

  @Test
  void shouldDeleteOnlyBatchesThatNobodyCanCommitAnyMore() throws Exception { // U2
    open(ONE);
    tier(1);
    String earlier = TierKeys.batch(1, 900, TierManifest.newId());
    close();
    open(ONE);
    long generation = latest().generation();
    String inFlight = TierKeys.batch(generation, 900, TierManifest.newId());
    String next =
        TierKeys.batch(generation, latest().collection().minInflight(), TierManifest.newId());
    String later = TierKeys.batch(generation + 1, 0, TierManifest.newId());
    String foreign = "batches/notes.txt";
    for (String key : List.of(earlier, inFlight, next, later, foreign)) {
      below.put(key, ObjectBody.of(new byte[10]));
    }
    assertThat(tier.collect(false).batchesDeleted()).isEqualTo(1);
    assertThat(keys(TierKeys.BATCHES))
        .doesNotContain(earlier)
        .contains(inFlight, next, later, foreign);
    assertLatestIsWhole();
  }

  @Test
  void shouldFollowARunThatWasCutShortWithinAnotherProcess() throws Exception {
    open(ONE.withCompactBelowPercent(70));
    model.putRange(store, 0, 40, 1);
    tier.checkpoint(TierProgress.NONE);
    tier.evict(id -> id.low() % 3 == 0);
    model.putRange(store, 10, 40, 2);
    tier.checkpoint(TierProgress.NONE);
    // The base is committed, and nothing after it happens.
    objects.fault((request, key) -> {
      boolean behind = key.equals(TierKeys.LATEST) && latest().collection().baseSequence() > 1;
      return behind ? Outcome.ENDED : Outcome.ANSWERED;
    });
    assertThatThrownBy(() -> tier.collect(false))
        .isInstanceOf(FaultyObjectStore.ProcessEnded.class);
    objects.heal();
    close();
    assertThat(latest().collection().held()).isNotEmpty();
    // A collection without the store keeps what is held.
    ForeignCollection.run(below, null, ONE, false);
    open(ONE.withCompactBelowPercent(70));
    model.assertHeldBy(store);
    assertThat(tier.collect(false).referencesMoved()).isPositive();
    tier.collect(false);
    assertThat(latest().collection().held()).isEmpty();
    model.assertHeldBy(store);
    assertLatestIsWhole();
  }

  @Test
  void shouldCollectAForeignPrefixAndFenceAStoreThatIsOpenThere() throws Exception {
    assertThatThrownBy(() -> ForeignCollection.run(below, null, ONE, true))
        .isInstanceOf(StoreOpenException.class);
    open(ONE.withRetainCount(0));
    for (int i = 1; i <= 3; i++) {
      tier(i);
    }
    List<String> before = keys("");
    CollectionReport dry = ForeignCollection.run(below, null, ONE, true);
    assertThat(keys("")).isEqualTo(before);
    CollectionReport report = ForeignCollection.run(below, null, ONE, false);
    assertThat(report.batchesDeleted()).isPositive().isGreaterThanOrEqualTo(dry.batchesDeleted());
    assertLatestIsWhole();
    model.putRange(store, 0, 3, 99);
    assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
        .isInstanceOf(FencedException.class);
    assertThatThrownBy(() -> tier.collect(false)).isInstanceOf(FencedException.class);
    close();
    open(ONE);
    tier.checkpoint(TierProgress.NONE);
    assertLatestIsWhole();
    Path target = Files.createDirectory(folder.resolve("restored"));
    try (LocalBlobStore restored = LocalBlobStore.builder(target).config(TierLife.SMALL).open()) {
      Restore.restore(below, restored, TierProgress.NONE);
      model.assertHeldBy(restored);
    }
  }
}
