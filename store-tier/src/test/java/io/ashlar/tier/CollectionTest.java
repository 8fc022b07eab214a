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
import io.ashlar.tier.collect.Checkpoints;
import io.ashlar.tier.collect.Checkpoints.Checkpoint;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a collection deletes, and what it must leave. */
class CollectionTest {
  private static final CollectionConfig ONE =
      CollectionConfig.DEFAULTS.withIntervalMs(0).withRetainCount(1).withCompactBelowPercent(0);

  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0))
          .withCollection(ONE);

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);
  private final BlobModel model = new BlobModel();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // each test opens it first
  private LocalBlobStore store;

  @SuppressWarnings("NullAway.Init") // each test opens it first
  private Tier tier;

  @AfterEach
  void close() throws Exception {
    objects.heal();
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
    opened.clear();
  }

  private void open(CollectionConfig collection) {
    open("store", objects, collection);
  }

  private void open(String name, ObjectStore prefix, CollectionConfig collection) {
    store = LocalBlobStore.builder(folder.resolve(name)).config(TierLife.SMALL).open();
    opened.add(store);
    tier = Tier.builder(store, prefix).config(MANUAL.withCollection(collection)).open();
    opened.add(tier);
  }

  /** Puts the same blobs anew and tiers them. */
  private TierManifest tier(long seed) {
    model.putRange(store, 0, 30, seed * 1000);
    tier.checkpoint(TierProgress.NONE);
    return latest();
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(below).latest());
  }

  private List<TierManifest> kept() {
    TierManifest latest = latest();
    return ManifestChain.readRange(
        new ManifestStore(below), latest.collection().retainedFrom(), latest.sequence());
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
  void shouldCallTheManifestThatBeginsTheChainAClaim() {
    open(ONE.withRetainCount(3));
    var _ = tier(1);
    assertThat(Checkpoints.list(below).stream().map(Checkpoint::kind))
        .containsExactly(Checkpoints.Kind.CLAIM, Checkpoints.Kind.CHANGES);
  }

  @Test
  void shouldKeepOnlyTheNewestCheckpointsAndWhatTheyNeed() { // U1, U4, U5
    open(ONE.withRetainCount(3));
    Map<Long, BlobModel> states = new HashMap<>();
    for (int i = 1; i <= 6; i++) {
      states.put(tier(i).lastRecordSequence(), model.copy());
      tier.collect(false);
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
    assertThat(kept.getFirst().kind()).isEqualTo(Checkpoints.Kind.COLLECTION);
    assertThat(kept.stream().filter(c -> c.kind() == Checkpoints.Kind.CHANGES)).hasSize(2);
    assertThat(keys(TierKeys.BATCHES).size()).isLessThan(4 * 3);
    CollectionReport idle = tier.collect(false);
    assertThat(idle).isEqualTo(CollectionReport.NOTHING);
    assertLatestIsWhole();
    assertThat(tier.stats().collection().batchesDeleted()).isPositive();
    assertThat(tier.stats().collection().manifestsDeleted()).isPositive();
  }

  @Test
  void shouldKeepEverythingForEverUnlessAskedNotTo() {
    open(ONE.withRetainCount(0));
    for (int i = 1; i <= 4; i++) {
      tier(i);
    }
    List<String> before = keys("");
    assertThat(tier.collect(false).manifestSequence()).isZero();
    assertThat(keys("")).isEqualTo(before);
  }

  @Test
  void shouldKeepYoungCheckpointsHoweverMany() {
    open(ONE.withRetainMs(3_600_000));
    for (int i = 1; i <= 4; i++) {
      tier(i);
    }
    CollectionReport report = tier.collect(false);
    assertThat(report.batchesDeleted()).isZero();
    assertThat(report.retainedFrom()).isLessThanOrEqualTo(2);
  }

  @Test
  void shouldMakeNoRequestWhenNothingChangedSinceTheLastCollection() {
    open(ONE);
    tier(1);
    tier(2);
    assertThat(tier.collect(false).batchesDeleted()).isPositive();
    int before = objects.requests().size();
    for (int i = 0; i < 5; i++) {
      assertThat(tier.collect(false)).isEqualTo(CollectionReport.NOTHING);
    }
    assertThat(requestsSince(before)).isEmpty();
  }

  @Test
  void shouldOnlySayWhatItWouldDeleteInADryRun() {
    open(ONE);
    tier(1);
    tier(2);
    List<String> before = keys("");
    CollectionReport dry = tier.collect(true);
    assertThat(dry.retainedFrom()).isPositive();
    assertThat(dry.manifestSequence()).isZero();
    assertThat(keys("")).isEqualTo(before);
    assertThat(tier.collect(false).batchesDeleted()).isPositive().isEqualTo(dry.batchesDeleted());
  }

  @Test
  void shouldNotTakeForLiveWhatAFailedPassHasPacked() {
    open(ONE.withCompactBelowPercent(70));
    tier(1);
    BlobModel then = model.copy();
    model.putRange(store, 0, 30, 2000);
    objects.fault((request, key) ->
        request.equals("put") && key.startsWith(TierKeys.BATCHES)
            ? Outcome.NOT_APPLIED
            : Outcome.ANSWERED);
    assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
        .isInstanceOf(TierUnavailableException.class);
    objects.heal();
    tier.collect(false);
    assertThat(latest().isBase()).isTrue();
    assertThat(then.isExactly(TierState.at(below, latest()))).isTrue();
    tier.checkpoint(TierProgress.NONE);
    tier.collect(false);
    assertLatestIsWhole();
  }

  @Test
  void shouldTellAFlightRecording() throws Exception {
    open(ONE);
    tier(1);
    tier(2);
    Path file = folder.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("io.ashlar.tier.Collection");
      recording.start();
      tier.collect(false);
      tier.collect(false);
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
    open(ONE.withIntervalMs(5));
    tier(1);
    tier(2);
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (tier.stats().collection().batchesDeleted() == 0 && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    assertThat(tier.stats().collection().batchesDeleted()).isPositive();
    int before = -1; // a pass may be under way, so wait for forty intervals without a request
    while (before != objects.requests().size() && System.nanoTime() < deadline) {
      before = objects.requests().size();
      Thread.sleep(200);
    }
    assertThat(requestsSince(before)).isEmpty();
    assertLatestIsWhole();
  }

  @Test
  void shouldDeleteNothingWhenAnythingButAbsentIsAnswered() {
    open(ONE);
    for (int i = 1; i <= 3; i++) {
      tier(i);
    }
    try (Pins.Pinned pinned = Objects.requireNonNull(Pins.takeLatest(below, "a reader"))) {
      tier(4);
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
            tier.collect(false);
            objects.heal();
            break;
          } catch (StoreException e) {
            reads++;
            assertThat(requestsSince(before)).noneMatch(request -> request.startsWith("delete"));
            assertThat(keys(TierKeys.BATCHES)).containsAll(batches);
          }
          objects.heal();
        }
        tier(5 + kind.ordinal());
      }
      assertThat(reads).isGreaterThan(12);
      assertThat(TierState.at(below, pinned.manifest())).isNotEmpty();
    }
    assertLatestIsWhole();
  }

  @Test
  void shouldDeleteLaterWhatADeleteLost() {
    open(ONE);
    tier(1);
    tier(2);
    List<String> before = keys(TierKeys.BATCHES);
    objects.fault(
        (request, key) -> request.equals("delete") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    assertThatThrownBy(() -> tier.collect(false)).isInstanceOf(TierUnavailableException.class);
    assertThat(keys(TierKeys.BATCHES)).containsAll(before);
    assertThat(latest().collection().pendingDeletes()).isNotEmpty();
    objects.heal();
    CollectionReport report = tier.collect(false);
    assertThat(report.batchesDeleted()).isPositive();
    assertThat(keys(TierKeys.BATCHES))
        .doesNotContainAnyElementsOf(latest().collection().pendingDeletes());
    tier(3);
    assertThat(latest().collection().pendingDeletes()).isEmpty();
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
    open("b", some, ONE);
    tier(1);
    tier(2);
    assertThat(tier.collect(false).batchesLeft()).isEqualTo(1);
    assertThat(keys(TierKeys.BATCHES)).contains(refused.getFirst());
    refuses.set(false);
    assertThat(tier.collect(false).batchesDeleted()).isEqualTo(1);
    assertThat(keys(TierKeys.BATCHES)).doesNotContain(refused.getFirst());
  }

  @Test
  void shouldCountOnlyWhatIsGoneAndNameWhatADeleteCouldNotDelete() {
    open(ONE);
    tier(1);
    List<ObjectInfo> before = below.listAll(TierKeys.BATCHES).toList();
    String refused = before.getFirst().key();
    tier(2);
    objects.refuseDeletes(key -> key.equals(refused) ? "AccessDenied" : null);
    CollectionReport report = tier.collect(false);
    List<String> after = keys(TierKeys.BATCHES);
    List<ObjectInfo> gone = before.stream().filter(b -> !after.contains(b.key())).toList();
    assertThat(gone).hasSize(before.size() - 1).isNotEmpty();
    assertThat(report.batchesDeleted()).isEqualTo(gone.size());
    assertThat(report.bytesDeleted()).isEqualTo(gone.stream().mapToLong(ObjectInfo::length).sum());
    assertThat(report.batchesLeft()).isEqualTo(1);
    assertThat(tier.stats().collection().batchesDeleted()).isEqualTo(gone.size());
    tier(3);
    assertThat(latest().collection().pendingDeletes()).containsExactly(refused);
    objects.heal();
    assertThat(tier.collect(false).batchesDeleted()).isPositive();
    assertThat(keys(TierKeys.BATCHES)).doesNotContain(refused);
  }

  @Test
  void shouldTryAgainWhereOnlyManifestsCouldNotBeDeleted() {
    open(ONE);
    tier(1);
    tier(2);
    int before = keys(TierKeys.MANIFESTS).size();
    String refused = TierKeys.manifest(1);
    objects.refuseDeletes(key -> key.equals(refused) ? "AccessDenied" : null);
    CollectionReport report = tier.collect(false);
    int gone = before + 1 - keys(TierKeys.MANIFESTS).size(); // the base was added
    assertThat(gone).isPositive();
    assertThat(report.manifestsDeleted()).isEqualTo(gone);
    assertThat(report.batchesLeft()).isZero();
    assertThat(keys(TierKeys.MANIFESTS)).contains(refused);
    objects.heal();
    // Nothing has changed since, but it is not idle.
    assertThat(tier.collect(false).manifestsDeleted()).isEqualTo(1);
    assertThat(keys(TierKeys.MANIFESTS)).doesNotContain(refused);
    assertThat(tier.stats().collection().manifestsDeleted()).isEqualTo(gone + 1);
    assertThat(tier.collect(false)).isEqualTo(CollectionReport.NOTHING);
    assertThat(keys(TierKeys.MANIFESTS))
        .isNotEmpty()
        .allMatch(key -> TierKeys.manifestSequence(key) > latest().collection().boundary());
    assertLatestIsWhole();
  }

  /** Else what one listing left out would stay until something changes again. */
  @Test
  void shouldListAgainWhatAListingLeavesOut() {
    open(ONE);
    tier(1);
    for (String prefix : List.of(TierKeys.BATCHES, TierKeys.MANIFESTS)) {
      for (Outcome outcome : List.of(Outcome.ABSENT, Outcome.SHORT)) {
        tier(outcome.ordinal());
        AtomicBoolean bad = new AtomicBoolean();
        objects.fault((request, key) ->
            request.equals("list") && key.equals(prefix) && !bad.getAndSet(true)
                ? outcome
                : Outcome.ANSWERED);
        assertThat(tier.collect(false).batchesDeleted()).isPositive();
        objects.heal();
        assertThat(bad).isTrue();
        List<String> needed = new ArrayList<>();
        for (TierManifest manifest : kept()) {
          manifest.batches().forEach(batch -> needed.add(batch.name()));
        }
        assertThat(needed).containsAll(keys(TierKeys.BATCHES));
        assertThat(keys(TierKeys.MANIFESTS))
            .allMatch(key -> TierKeys.manifestSequence(key) > latest().collection().boundary());
      }
    }
    assertLatestIsWhole();
  }

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
  void shouldMoveEvictedBlobsOutOfSparseBatchesAndDeleteThese() { // U6
    open(ONE.withCompactBelowPercent(70));
    model.putRange(store, 0, 40, 1);
    tier.checkpoint(TierProgress.NONE);
    tier.evict(id -> id.low() % 3 == 0);
    for (int i = 0; i < 40; i++) {
      if (i % 3 != 0) {
        model.delete(store, i);
      }
    }
    tier.checkpoint(TierProgress.NONE);
    List<String> before = keys(TierKeys.BATCHES);
    CollectionReport report = tier.collect(false);
    assertThat(report.batchesCompacted()).isPositive();
    assertThat(report.referencesMoved()).isEqualTo(13);
    assertThat(latest().collection().held()).hasSize((int) report.batchesCompacted());
    model.assertHeldBy(store);
    assertThat(tier.collect(false).batchesDeleted()).isEqualTo(report.batchesCompacted());
    assertThat(latest().collection().held()).isEmpty();
    assertThat(keys(TierKeys.BATCHES)).doesNotContainAnyElementsOf(before);
    model.assertHeldBy(store);
    assertLatestIsWhole();
    assertThat(tier.evict(id -> true)).isZero();
  }

  @Test
  void shouldKeepADeleteThatStillHidesABlob() {
    open(ONE.withCompactBelowPercent(1));
    model.putRange(store, 0, 30, 1);
    tier.checkpoint(TierProgress.NONE);
    for (int i = 0; i < 6; i++) {
      model.delete(store, i);
      tier.checkpoint(TierProgress.NONE);
      tier.collect(false);
      assertLatestIsWhole();
    }
    long deletes =
        ManifestChain.read(new ManifestStore(below), latest()).batchesNewestFirst().stream()
            .filter(b -> b.kind() == io.ashlar.tier.checkpoint.BatchReference.Kind.DELETES)
            .count();
    assertThat(deletes).isBetween(1L, 2L);
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
  void shouldNotTakeAConflictForAnotherWriter() {
    open(ONE);
    objects.failAs(FailureKind.CONFLICT, ObjectStoreException.NOT_SAID);
    for (Outcome outcome : List.of(Outcome.NOT_APPLIED, Outcome.APPLIED_UNANSWERED)) {
      model.putRange(store, 0, 10, outcome.ordinal());
      objects.fault((request, key) -> request.equals("putIfAbsent") ? outcome : Outcome.ANSWERED);
      try {
        tier.checkpoint(TierProgress.NONE);
      } catch (TierUnavailableException e) {
        assertThat(outcome).isEqualTo(Outcome.NOT_APPLIED);
      }
      objects.heal();
      tier.checkpoint(TierProgress.NONE);
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
    open("b", counting, ONE);
    tier(1);
    tier.collect(false);
    tier.collect(false);
    assertThat(ages).containsExactly(86_400_000L);
    assertThat(tier.stats().collection().uploadsAborted()).isEqualTo(3);
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
    // Whoever has not the store keeps what is held.
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
