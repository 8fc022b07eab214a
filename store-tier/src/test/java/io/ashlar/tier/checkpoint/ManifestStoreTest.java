package io.ashlar.tier.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ManifestStoreTest {
  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);
  private final ManifestStore manifests = new ManifestStore(objects);

  private static TierManifest manifest(long sequence, long generation, UUID putId) {
    return new TierManifest(
        new TierManifest.Writer(5, 1, generation),
        sequence,
        new TierManifest.Stamp(putId, 0),
        new TierManifest.Reach(sequence * 10, 0),
        List.of(),
        CollectionState.NONE,
        null);
  }

  private TierManifest commit(long sequence) {
    TierManifest manifest = manifest(sequence, 1, TierManifest.newId());
    manifests.commit(manifest);
    return manifest;
  }

  private void hint(long sequence) {
    manifests.hint(manifest(sequence, 1, TierManifest.newId()));
  }

  private void latestIs(long sequence) {
    assertThat(Objects.requireNonNull(manifests.latest()).sequence()).isEqualTo(sequence);
  }

  @Test
  void shouldFindNothingBelowAFreshPrefix() {
    assertThat(manifests.latest()).isNull();
  }

  @Test
  void shouldProbeOnwardsFromAStaleHint() {
    for (int i = 1; i <= 200; i++) {
      commit(i);
    }
    hint(200);
    latestIs(200);
    hint(198);
    latestIs(200);
    hint(3);
    int before = objects.requests().size();
    latestIs(200);
    assertThat(objects.requests().size() - before).isLessThan(75);
  }

  @Test
  void shouldListWhenTheHintIsMissingOrGarbage() {
    for (int i = 1; i <= 5; i++) {
      commit(i);
    }
    latestIs(5);
    objects.put(TierKeys.LATEST, ObjectBody.of("nonsense".getBytes(StandardCharsets.UTF_8)));
    latestIs(5);
  }

  @Test
  void shouldNoticeThatTheNewestManifestIsGone() {
    commit(1);
    commit(2);
    hint(2);
    objects.deleteAll(List.of(TierKeys.manifest(2)));
    assertThatThrownBy(manifests::latest)
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining(TierKeys.manifest(2));
  }

  @Test
  void shouldNameAManifestThatIsDamagedOrOfALaterVersion() {
    objects.put(TierKeys.manifest(1), ObjectBody.of("{".getBytes(StandardCharsets.UTF_8)));
    assertThatThrownBy(() -> manifests.find(1))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining(TierKeys.manifest(1));
    objects.put(
        TierKeys.manifest(1), ObjectBody.of("{\"version\":4}".getBytes(StandardCharsets.UTF_8)));
    assertThatThrownBy(() -> manifests.find(1)).isInstanceOf(FormatVersionException.class);
    byte[] other = TierManifestCodec.encode(manifest(2, 1, TierManifest.newId()));
    objects.put(TierKeys.manifest(1), ObjectBody.of(other));
    assertThatThrownBy(() -> manifests.find(1))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("not the one its key says");
  }

  @Test
  void shouldRecogniseItsOwnManifestAfterAnUnansweredPut() {
    for (Outcome outcome : List.of(Outcome.APPLIED_UNANSWERED, Outcome.NOT_APPLIED)) {
      AtomicInteger failures = new AtomicInteger(2);
      objects.fault((request, key) ->
          request.equals("putIfAbsent") && failures.getAndDecrement() > 0
              ? outcome
              : Outcome.ANSWERED);
      long sequence = outcome == Outcome.NOT_APPLIED ? 2 : 1;
      TierManifest manifest = manifest(sequence, 1, TierManifest.newId());
      ManifestStore repeating =
          new ManifestStore(
              RetryingObjectStore.builder(objects)
                  .policy(new RetryPolicy(1, 2, 4, 10_000, 10_000, 10_000, 10_000))
                  .build());
      repeating.commit(manifest);
      assertThat(manifests.find(sequence)).isEqualTo(manifest);
      assertThatCode(() -> manifests.commit(manifest)).doesNotThrowAnyException();
    }
  }

  @Test
  void shouldSendAManifestOnceAndLeaveRepeatingToTheObjectStore() {
    objects.fault(
        (request, key) -> request.equals("putIfAbsent") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    assertThatThrownBy(() -> commit(1)).isInstanceOf(TierUnavailableException.class);
    assertThat(objects.requests().stream().filter(r -> r.startsWith("putIfAbsent"))).hasSize(1);
  }

  @Test
  void shouldBeFencedByAnothersManifestEvenWhenItsOwnPutWentUnanswered() {
    commit(1);
    TierManifest mine = manifest(1, 1, TierManifest.newId());
    assertThatThrownBy(() -> manifests.commit(mine))
        .isInstanceOf(FencedException.class)
        .hasMessageContaining("generation 1");
    objects.fault(
        (request, key) -> request.equals("putIfAbsent") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    assertThatThrownBy(() -> manifests.commit(mine)).isInstanceOf(FencedException.class);
    objects.heal();
    objects.put(TierKeys.manifest(2), ObjectBody.of(new byte[3]));
    assertThatThrownBy(() -> manifests.commit(manifest(2, 1, TierManifest.newId())))
        .isInstanceOf(FencedException.class);
  }

  @Test
  void shouldNotTakeAStaleHintForTheNewestWhereManifestsWereDropped() {
    for (int i = 1; i <= 9; i++) {
      commit(i);
    }
    hint(3);
    assertThat(manifests.boundary().raise(6)).isTrue();
    objects.deleteAll(List.of(TierKeys.manifest(4), TierKeys.manifest(5)));
    latestIs(9);
    objects.deleteAll(List.of(TierKeys.manifest(3)));
    latestIs(9);
  }

  @Test
  void shouldNotTakeAManifestForTheNewestThatIsDroppedWhileItProbes() {
    for (int i = 1; i <= 5; i++) {
      commit(i);
    }
    hint(2);
    String next = "get " + TierKeys.manifest(3);
    objects.fault((request, key) -> {
      if ((request + " " + key).equals(next)) {
        assertThat(new ManifestStore(below).boundary().raise(4)).isTrue();
        below.deleteAll(List.of(TierKeys.manifest(2), TierKeys.manifest(3)));
      }
      return Outcome.ANSWERED;
    });
    latestIs(5);
  }

  @Test
  void shouldFenceAWriterWhoRecreatesADroppedManifest() {
    for (int i = 1; i <= 5; i++) {
      commit(i);
    }
    assertThat(manifests.boundary().raise(4)).isTrue();
    objects.deleteAll(List.of(TierKeys.manifest(3)));
    assertThatThrownBy(() -> commit(3))
        .isInstanceOf(FencedException.class)
        .hasMessageContaining("passed sequence 4");
    TierManifest stale = manifest(2, 1, TierManifest.newId());
    assertThatThrownBy(() -> manifests.checkStillLast(stale)).isInstanceOf(FencedException.class);
    // Not even by what it did just now.
    objects.deleteAll(List.of(TierKeys.manifest(3)));
    assertThatThrownBy(() -> manifests.checkStillLast(stale)).isInstanceOf(FencedException.class);
    objects.deleteAll(List.of(TierKeys.manifest(4)));
    assertThatThrownBy(() -> commit(4))
        .isInstanceOf(FencedException.class)
        .hasMessageContaining("passed sequence 4");
  }

  @Test
  void shouldNotBelieveOneAnswerThatNothingFollows() {
    TierManifest last = commit(1);
    manifests.checkStillLast(last);
    commit(2);
    AtomicInteger bad = new AtomicInteger(1);
    objects.fault((request, key) ->
        request.equals("head") && bad.getAndDecrement() > 0 ? Outcome.ABSENT : Outcome.ANSWERED);
    assertThatThrownBy(() -> manifests.checkStillLast(last)).isInstanceOf(FencedException.class);
  }

  @Test
  void shouldBeFencedByAManifestThatIsDroppedBeforeItIsRead() {
    for (int i = 1; i <= 5; i++) {
      commit(i);
    }
    objects.fault((request, key) -> {
      if (request.equals("get") && key.equals(TierKeys.manifest(3))) {
        assertThat(new ManifestStore(below).boundary().raise(4)).isTrue();
        below.deleteAll(List.of(key));
      }
      return Outcome.ANSWERED;
    });
    assertThatThrownBy(() -> commit(3)).isInstanceOf(FencedException.class);
  }

  @Test
  void shouldOnlyEverRaiseTheBoundary() {
    Boundary boundary = manifests.boundary();
    assertThat(boundary.sequence()).isZero();
    assertThat(boundary.raise(7)).isTrue();
    assertThat(boundary.raise(5)).isTrue();
    assertThat(boundary.sequence()).isEqualTo(7);
    for (Outcome outcome : List.of(Outcome.APPLIED_UNANSWERED, Outcome.NOT_APPLIED)) {
      AtomicInteger failures = new AtomicInteger(1);
      objects.fault((request, key) ->
          request.startsWith("putIf") && failures.getAndDecrement() > 0
              ? outcome
              : Outcome.ANSWERED);
      long before = boundary.sequence();
      assertThatThrownBy(() -> boundary.raise(before + 3))
          .isInstanceOf(TierUnavailableException.class);
      assertThat(boundary.raise(before + 3)).isTrue();
      assertThat(boundary.sequence()).isEqualTo(before + 3);
    }
    objects.fault(
        (request, key) -> request.startsWith("putIf") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    assertThatThrownBy(() -> boundary.raise(100)).isInstanceOf(TierUnavailableException.class);
    objects.failAs(FailureKind.UNSUPPORTED, -1);
    assertThat(boundary.raise(100)).isFalse();
    objects.heal();
    objects.put(TierKeys.BOUNDARY, ObjectBody.of(new byte[] {1}));
    assertThatThrownBy(boundary::sequence).isInstanceOf(CorruptionException.class);
  }

  @Test
  void shouldSayThatTheOutcomeIsUnknownWhenNothingAnswers() {
    objects.fault((request, key) -> Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> commit(1))
        .isInstanceOf(TierUnavailableException.class)
        .hasMessageContaining("outcome unknown");
  }

  @Test
  void shouldReadAChainAndNameTheMissingParent() {
    for (int i = 1; i <= 50; i++) {
      commit(i);
    }
    TierManifest latest = Objects.requireNonNull(manifests.latest());
    ManifestChain chain = ManifestChain.read(manifests, latest);
    assertThat(chain.manifests()).extracting(TierManifest::sequence).startsWith(1L, 2L);
    assertThat(chain.manifests()).hasSize(50);
    objects.deleteAll(List.of(TierKeys.manifest(17)));
    assertThatThrownBy(() -> ManifestChain.read(manifests, latest))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining(TierKeys.manifest(17));
  }

  @Test
  void shouldRefuseAParentOfALaterGeneration() {
    manifests.commit(manifest(1, 9, TierManifest.newId()));
    manifests.commit(manifest(2, 3, TierManifest.newId()));
    TierManifest latest = Objects.requireNonNull(manifests.latest());
    assertThatThrownBy(() -> ManifestChain.read(manifests, latest))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("later generation");
  }
}
