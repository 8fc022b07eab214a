package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What a collection deletes when requests fail or are answered badly. */
class CollectionFaultTest extends CollectedTier {
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

  /** Otherwise objects that one listing left out would stay until something changes. */
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
}
