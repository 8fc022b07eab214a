package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.FencedException;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.gc.Checkpoints;
import io.ashlar.tier.gc.Checkpoints.Checkpoint;
import io.ashlar.tier.gc.Pins;
import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.upload.ForeignCollection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a collection deletes, and what it must leave. */
class CollectionTest {
  private static final UpkeepConfig ONE =
      UpkeepConfig.DEFAULTS.withIntervalMs(0).withRetainCount(1).withCompactBelowPercent(0);

  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withReadCacheBytes(0)
          .withUpkeep(ONE);

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);
  private final BlobModel model = new BlobModel();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    objects.heal();
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
  }

  private TieredBlobStore open(UpkeepConfig upkeep) {
    LocalBlobStore local =
        LocalBlobStore.builder(folder.resolve("store")).config(TierLife.SMALL).open();
    TieredBlobStore store =
        TieredBlobStore.builder(local, objects).config(MANUAL.withUpkeep(upkeep)).open();
    opened.add(store);
    return store;
  }

  /** Puts the same blobs anew and tiers them. */
  private TierManifest tier(TieredBlobStore store, long seed) {
    model.putRange(store, 0, 30, seed * 1000);
    store.checkpoint(TierProgress.NONE);
    return latest();
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(below).latest());
  }

  private List<TierManifest> kept() {
    TierManifest latest = latest();
    return ManifestChain.readRange(
        new ManifestStore(below), latest.upkeep().retainedFrom(), latest.sequence());
  }

  private List<String> keys(String prefix) {
    return below.listAll(prefix).map(ObjectInfo::key).toList();
  }

  private void assertLatestIsWhole() {
    assertThat(model.isExactly(TierState.at(below, latest()))).isTrue();
  }

  private List<String> requestsSince(int before) {
    return objects.requests().subList(before, objects.requests().size());
  }

  @Test
  void shouldKeepOnlyTheNewestCheckpointsAndWhatTheyNeed() {
    TieredBlobStore store = open(ONE.withRetainCount(3));
    Map<Long, BlobModel> states = new HashMap<>();
    for (int i = 1; i <= 6; i++) {
      states.put(tier(store, i).lastRecordSequence(), model.copy());
      store.collect(false);
      List<TierManifest> kept = kept();
      assertThat(kept.stream().map(TierManifest::lastRecordSequence).distinct())
          .as("states kept after %d", i)
          .hasSize(Math.min(3, i));
      for (TierManifest manifest : kept) {
        BlobModel state = Objects.requireNonNull(states.get(manifest.lastRecordSequence()));
        assertThat(state.isExactly(TierState.at(below, manifest))).isTrue();
      }
    }
    List<Checkpoint> kept = Checkpoints.list(below);
    assertThat(kept.getFirst().kind()).isEqualTo(Checkpoints.Kind.UPKEEP);
    assertThat(kept.stream().filter(c -> c.kind() == Checkpoints.Kind.CHANGES)).hasSize(2);
    assertThat(keys(TierKeys.BATCHES).size()).isLessThan(4 * 3);
    CollectionReport idle = store.collect(false);
    assertThat(idle).isEqualTo(CollectionReport.NOTHING);
    assertLatestIsWhole();
    assertThat(store.tierStats().upkeep().batchesDeleted()).isPositive();
    assertThat(store.tierStats().upkeep().manifestsDeleted()).isPositive();
  }

  @Test
  void shouldKeepEverythingForEverUnlessAskedNotTo() {
    TieredBlobStore store = open(ONE.withRetainCount(0));
    for (int i = 1; i <= 4; i++) {
      tier(store, i);
    }
    List<String> before = keys("");
    assertThat(store.collect(false).manifestSequence()).isZero();
    assertThat(keys("")).isEqualTo(before);
  }

  @Test
  void shouldKeepYoungCheckpointsHoweverMany() {
    TieredBlobStore store = open(ONE.withRetainMs(3_600_000));
    for (int i = 1; i <= 4; i++) {
      tier(store, i);
    }
    CollectionReport report = store.collect(false);
    assertThat(report.batchesDeleted()).isZero();
    assertThat(report.retainedFrom()).isLessThanOrEqualTo(2);
  }

  @Test
  void shouldMakeNoRequestWhenNothingChangedSinceTheLastCollection() {
    TieredBlobStore store = open(ONE);
    tier(store, 1);
    tier(store, 2);
    assertThat(store.collect(false).batchesDeleted()).isPositive();
    int before = objects.requests().size();
    for (int i = 0; i < 5; i++) {
      assertThat(store.collect(false)).isEqualTo(CollectionReport.NOTHING);
    }
    assertThat(requestsSince(before)).isEmpty();
  }

  @Test
  void shouldOnlySayWhatItWouldDeleteInADryRun() {
    TieredBlobStore store = open(ONE);
    tier(store, 1);
    tier(store, 2);
    List<String> before = keys("");
    CollectionReport dry = store.collect(true);
    assertThat(dry.retainedFrom()).isPositive();
    assertThat(dry.manifestSequence()).isZero();
    assertThat(keys("")).isEqualTo(before);
    assertThat(store.collect(false).batchesDeleted()).isPositive().isEqualTo(dry.batchesDeleted());
  }

  @Test
  void shouldNotTakeForLiveWhatAFailedPassHasPacked() {
    TieredBlobStore store = open(ONE.withCompactBelowPercent(70));
    tier(store, 1);
    BlobModel then = model.copy();
    model.putRange(store, 0, 30, 2000);
    objects.fault((request, key) ->
        request.equals("put") && key.startsWith(TierKeys.BATCHES)
            ? Outcome.NOT_APPLIED
            : Outcome.ANSWERED);
    assertThatThrownBy(() -> store.checkpoint(TierProgress.NONE))
        .isInstanceOf(TierUnavailableException.class);
    objects.heal();
    store.collect(false);
    assertThat(latest().isBase()).isTrue();
    assertThat(then.isExactly(TierState.at(below, latest()))).isTrue();
    store.checkpoint(TierProgress.NONE);
    store.collect(false);
    assertLatestIsWhole();
  }

  @Test
  void shouldTellAFlightRecording() throws Exception {
    TieredBlobStore store = open(ONE);
    tier(store, 1);
    tier(store, 2);
    Path file = folder.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("io.ashlar.tier.Collection");
      recording.start();
      store.collect(false);
      store.collect(false);
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getEventType().getName().equals("io.ashlar.tier.Collection"))
            .toList();
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().getLong("batchesDeleted")).isPositive();
    assertThat(events.getFirst().getLong("manifestSequence")).isEqualTo(latest().sequence());
  }

  @Test
  void shouldStayIdleAtAnIntervalOnceNothingIsLeftToCollect() throws Exception {
    TieredBlobStore store = open(ONE.withIntervalMs(5));
    tier(store, 1);
    tier(store, 2);
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (store.tierStats().upkeep().batchesDeleted() == 0 && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    assertThat(store.tierStats().upkeep().batchesDeleted()).isPositive();
    Thread.sleep(200);
    int before = objects.requests().size();
    Thread.sleep(200);
    assertThat(requestsSince(before)).isEmpty();
    assertLatestIsWhole();
  }

  @Test
  void shouldDeleteNothingWhenAnythingButAbsentIsAnswered() {
    TieredBlobStore store = open(ONE);
    for (int i = 1; i <= 3; i++) {
      tier(store, i);
    }
    try (Pins.Pinned pinned = Objects.requireNonNull(Pins.takeLatest(below, "a reader"))) {
      tier(store, 4);
      int reads = 0;
      for (FailureKind kind :
          List.of(FailureKind.UNAVAILABLE, FailureKind.UNANSWERED, FailureKind.PERMANENT)) {
        objects.failAs(kind, ObjectStoreException.NOT_SAID);
        for (int at = 1; at <= 40; at++) {
          List<String> batches = keys(TierKeys.BATCHES);
          int failing = at;
          int[] seen = {0};
          objects.fault((request, key) ->
              (request.equals("get") || request.equals("list") || request.equals("head"))
                      && ++seen[0] == failing
                  ? Outcome.NOT_APPLIED
                  : Outcome.ANSWERED);
          int before = objects.requests().size();
          try {
            store.collect(false);
            objects.heal();
            break;
          } catch (StoreException e) {
            reads++;
            assertThat(requestsSince(before)).noneMatch(request -> request.startsWith("delete"));
            assertThat(keys(TierKeys.BATCHES)).containsAll(batches);
          }
          objects.heal();
        }
        tier(store, 5 + kind.ordinal());
      }
      assertThat(reads).isGreaterThan(12);
      assertThat(TierState.at(below, pinned.manifest())).isNotEmpty();
    }
    assertLatestIsWhole();
  }

  @Test
  void shouldDeleteLaterWhatADeleteLost() {
    TieredBlobStore store = open(ONE);
    tier(store, 1);
    tier(store, 2);
    List<String> before = keys(TierKeys.BATCHES);
    objects.fault(
        (request, key) -> request.equals("delete") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    assertThatThrownBy(() -> store.collect(false)).isInstanceOf(TierUnavailableException.class);
    assertThat(keys(TierKeys.BATCHES)).containsAll(before);
    assertThat(latest().upkeep().pendingDeletes()).isNotEmpty();
    objects.heal();
    CollectionReport report = store.collect(false);
    assertThat(report.batchesDeleted()).isPositive();
    assertThat(keys(TierKeys.BATCHES))
        .doesNotContainAnyElementsOf(latest().upkeep().pendingDeletes());
    tier(store, 3);
    assertThat(latest().upkeep().pendingDeletes()).isEmpty();
    assertLatestIsWhole();
  }

  @Test
  void shouldGoOnWithKeysThatADeleteCouldNotDelete() {
    List<String> refused = new ArrayList<>();
    AtomicBoolean refuses = new AtomicBoolean(true);
    FaultyObjectStore some =
        new FaultyObjectStore(below) {
          @Override
          public DeleteResult deleteAll(java.util.Collection<String> keys) {
            List<String> all = new ArrayList<>(keys);
            if (!refuses.get() || all.isEmpty() || !all.getFirst().startsWith("batches/")) {
              return super.deleteAll(keys);
            }
            refused.add(all.getFirst());
            DeleteResult rest = super.deleteAll(all.subList(1, all.size()));
            return new DeleteResult(rest.deleted(), Map.of(all.getFirst(), "AccessDenied"));
          }
        };
    LocalBlobStore local =
        LocalBlobStore.builder(folder.resolve("b")).config(TierLife.SMALL).open();
    try (TieredBlobStore store = TieredBlobStore.builder(local, some).config(MANUAL).open()) {
      tier(store, 1);
      tier(store, 2);
      assertThat(store.collect(false).batchesLeft()).isEqualTo(1);
      assertThat(keys(TierKeys.BATCHES)).contains(refused.getFirst());
      refuses.set(false);
      assertThat(store.collect(false).batchesDeleted()).isEqualTo(1);
      assertThat(keys(TierKeys.BATCHES)).doesNotContain(refused.getFirst());
    }
  }

  @Test
  void shouldKeepWhatIsPinnedUntilItIsReleased() {
    TieredBlobStore store = open(ONE);
    tier(store, 1);
    BlobModel then = model.copy();
    Pins.Pinned pinned = Objects.requireNonNull(Pins.takeLatest(below, "a restore"));
    tier(store, 2);
    tier(store, 3);
    CollectionReport report = store.collect(false);
    assertThat(report.pins()).isEqualTo(1);
    assertThat(report.boundary()).isGreaterThan(pinned.manifest().sequence());
    store.collect(false);
    assertThat(then.isExactly(TierState.at(below, pinned.manifest()))).isTrue();
    assertThat(pinned.pin().release()).isTrue();
    assertThat(store.collect(false).batchesDeleted()).isPositive();
    assertThat(new ManifestStore(below).find(pinned.manifest().sequence())).isNull();
    assertLatestIsWhole();
  }

  @Test
  void shouldNotBreakRestoresThatRaceRetention() throws Exception {
    TieredBlobStore store = open(ONE);
    tier(store, 1);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    AtomicBoolean end = new AtomicBoolean();
    Thread collector =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 2; i < 40 && !end.get(); i++) {
                  tier(store, i);
                  store.collect(false);
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
  void shouldLeaveWhatAnOpenSnapshotMayReadBack() throws Exception {
    TieredBlobStore store = open(ONE.withCompactBelowPercent(90));
    tier(store, 1);
    store.evict(id -> true);
    BlobModel then = model.copy();
    try (Snapshot snapshot = store.snapshot();
        Arena arena = Arena.ofConfined()) {
      tier(store, 2);
      assertThat(store.collect(false).batchesLeft()).isPositive();
      assertThat(store.collect(false).batchesLeft()).isPositive();
      MemorySegment target = arena.allocate(10_000);
      for (int i = 1; i < 30; i++) {
        assertThat(snapshot.get(BlobModel.id(i), target)).isPositive();
      }
    }
    assertThat(then.size()).isEqualTo(model.size());
    assertThat(store.collect(false).batchesDeleted()).isPositive();
    model.assertHeldBy(store);
  }

  @Test
  void shouldMoveEvictedBlobsOutOfSparseBatchesAndDeleteThese() {
    TieredBlobStore store = open(ONE.withCompactBelowPercent(70));
    model.putRange(store, 0, 40, 1);
    store.checkpoint(TierProgress.NONE);
    store.evict(id -> id.low() % 3 == 0);
    for (int i = 0; i < 40; i++) {
      if (i % 3 != 0) {
        model.delete(store, i);
      }
    }
    store.checkpoint(TierProgress.NONE);
    List<String> before = keys(TierKeys.BATCHES);
    CollectionReport report = store.collect(false);
    assertThat(report.batchesCompacted()).isPositive();
    assertThat(report.coldMoved()).isEqualTo(13);
    assertThat(latest().upkeep().held()).hasSize((int) report.batchesCompacted());
    model.assertHeldBy(store);
    assertThat(store.collect(false).batchesDeleted()).isEqualTo(report.batchesCompacted());
    assertThat(latest().upkeep().held()).isEmpty();
    assertThat(keys(TierKeys.BATCHES)).doesNotContainAnyElementsOf(before);
    model.assertHeldBy(store);
    assertLatestIsWhole();
    assertThat(store.evict(id -> true)).isZero();
  }

  @Test
  void shouldKeepADeleteThatStillHidesABlob() {
    TieredBlobStore store = open(ONE.withCompactBelowPercent(1));
    model.putRange(store, 0, 30, 1);
    store.checkpoint(TierProgress.NONE);
    for (int i = 0; i < 6; i++) {
      model.delete(store, i);
      store.checkpoint(TierProgress.NONE);
      store.collect(false);
      assertLatestIsWhole();
    }
    long deletes =
        ManifestChain.read(new ManifestStore(below), latest()).batchesNewestFirst().stream()
            .filter(b -> b.kind() == io.ashlar.tier.checkpoint.BatchReference.Kind.DELETES)
            .count();
    assertThat(deletes).isBetween(1L, 2L);
  }

  @Test
  void shouldDeleteOnlyBatchesThatNobodyCanCommitAnyMore() throws Exception {
    TieredBlobStore store = open(ONE);
    tier(store, 1);
    String earlier = TierKeys.batch(1, 900, TierManifest.newId());
    store.close();
    opened.clear();
    store = open(ONE);
    long generation = latest().generation();
    String inFlight = TierKeys.batch(generation, 900, TierManifest.newId());
    String later = TierKeys.batch(generation + 1, 0, TierManifest.newId());
    String foreign = "batches/notes.txt";
    for (String key : List.of(earlier, inFlight, later, foreign)) {
      below.put(key, ObjectBody.of(new byte[10]));
    }
    assertThat(store.collect(false).batchesDeleted()).isEqualTo(1);
    assertThat(keys(TierKeys.BATCHES)).doesNotContain(earlier).contains(inFlight, later, foreign);
    assertLatestIsWhole();
  }

  @Test
  void shouldNotTakeAConflictForAnotherWriter() {
    TieredBlobStore store = open(ONE);
    objects.failAs(FailureKind.CONFLICT, ObjectStoreException.NOT_SAID);
    for (Outcome outcome : List.of(Outcome.NOT_APPLIED, Outcome.APPLIED_UNANSWERED)) {
      model.putRange(store, 0, 10, outcome.ordinal());
      objects.fault((request, key) -> request.equals("putIfAbsent") ? outcome : Outcome.ANSWERED);
      try {
        store.checkpoint(TierProgress.NONE);
      } catch (TierUnavailableException e) {
        assertThat(outcome).isEqualTo(Outcome.NOT_APPLIED);
      }
      objects.heal();
      store.checkpoint(TierProgress.NONE);
      assertLatestIsWhole();
    }
  }

  @Test
  void shouldAbortUploadsInPartsThatNobodyWillComplete() {
    List<Long> ages = new ArrayList<>();
    FaultyObjectStore counting =
        new FaultyObjectStore(below) {
          @Override
          public long abortStaleUploads(long olderThanMs) {
            ages.add(olderThanMs);
            return 3;
          }
        };
    LocalBlobStore local =
        LocalBlobStore.builder(folder.resolve("b")).config(TierLife.SMALL).open();
    try (TieredBlobStore store = TieredBlobStore.builder(local, counting).config(MANUAL).open()) {
      tier(store, 1);
      store.collect(false);
      store.collect(false);
      assertThat(ages).containsExactly(86_400_000L);
      assertThat(store.tierStats().upkeep().uploadsAborted()).isEqualTo(3);
    }
  }

  @Test
  void shouldFollowARunThatWasCutShortWithinAnotherProcess() {
    TieredBlobStore store = open(ONE.withCompactBelowPercent(70));
    model.putRange(store, 0, 40, 1);
    store.checkpoint(TierProgress.NONE);
    store.evict(id -> id.low() % 3 == 0);
    model.putRange(store, 10, 40, 2);
    store.checkpoint(TierProgress.NONE);
    // The base is committed, and nothing after it happens.
    objects.fault((request, key) -> {
      boolean behind = key.equals(TierKeys.LATEST) && latest().upkeep().baseSequence() > 1;
      return behind ? Outcome.ENDED : Outcome.ANSWERED;
    });
    assertThatThrownBy(() -> store.collect(false))
        .isInstanceOf(FaultyObjectStore.ProcessEnded.class);
    objects.heal();
    store.close();
    opened.clear();
    assertThat(latest().upkeep().held()).isNotEmpty();
    // Whoever has not the store keeps what is held.
    ForeignCollection.run(below, ONE, false);
    TieredBlobStore next = open(ONE.withCompactBelowPercent(70));
    model.assertHeldBy(next);
    assertThat(next.collect(false).coldMoved()).isPositive();
    next.collect(false);
    assertThat(latest().upkeep().held()).isEmpty();
    model.assertHeldBy(next);
    assertLatestIsWhole();
  }

  @Test
  void shouldCollectAForeignPrefixAndFenceAStoreThatIsOpenThere() throws Exception {
    assertThatThrownBy(() -> ForeignCollection.run(below, ONE, true))
        .isInstanceOf(StoreOpenException.class);
    TieredBlobStore store = open(ONE.withRetainCount(0));
    for (int i = 1; i <= 3; i++) {
      tier(store, i);
    }
    List<String> before = keys("");
    CollectionReport dry = ForeignCollection.run(below, ONE, true);
    assertThat(keys("")).isEqualTo(before);
    CollectionReport report = ForeignCollection.run(below, ONE, false);
    assertThat(report.batchesDeleted()).isPositive().isGreaterThanOrEqualTo(dry.batchesDeleted());
    assertLatestIsWhole();
    model.putRange(store, 0, 3, 99);
    assertThatThrownBy(() -> store.checkpoint(TierProgress.NONE))
        .isInstanceOf(FencedException.class);
    assertThatThrownBy(() -> store.collect(false)).isInstanceOf(FencedException.class);
    store.close();
    opened.clear();
    TieredBlobStore next = open(ONE);
    next.checkpoint(TierProgress.NONE);
    assertLatestIsWhole();
    Path target = Files.createDirectory(folder.resolve("restored"));
    try (LocalBlobStore restored = LocalBlobStore.builder(target).config(TierLife.SMALL).open()) {
      Restore.restore(below, restored, TierProgress.NONE);
      model.assertHeldBy(restored);
    }
  }
}
