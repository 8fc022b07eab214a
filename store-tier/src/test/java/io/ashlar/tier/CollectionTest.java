package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Checkpoints;
import io.ashlar.tier.collect.Checkpoints.Checkpoint;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;

/** What a collection keeps, rewrites and deletes. */
class CollectionTest extends CollectedTier {
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
}
