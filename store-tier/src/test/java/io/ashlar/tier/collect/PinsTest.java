package io.ashlar.tier.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectContent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PinsTest {
  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);
  private final ManifestStore manifests = new ManifestStore(below);

  private void commit(long sequence) {
    manifests.commit(
        new TierManifest(
            new TierManifest.Writer(5, 1, 1),
            sequence,
            new TierManifest.Stamp(TierManifest.newId(), 0),
            new TierManifest.Reach(0, 0),
            List.of(),
            CollectionState.NONE,
            null));
  }

  @Test
  void shouldPinTheNewestCheckpointUntilItIsClosed() throws Exception {
    assertThat(Pins.takeLatest(objects, "nobody")).isNull();
    commit(1);
    commit(2);
    try (Pins.Pinned pinned = Objects.requireNonNull(Pins.takeLatest(objects, "a restore"))) {
      assertThat(pinned.manifest().sequence()).isEqualTo(2);
      assertThat(Pins.list(objects)).hasSize(1);
      assertThat(TierKeys.pinnedSequence(Pins.list(objects).getFirst().key())).isEqualTo(2);
      try (ObjectContent content = objects.get(pinned.pin().key())) {
        assertThat(new String(content.stream().readAllBytes(), StandardCharsets.UTF_8))
            .contains("\"owner\":\"a restore\"")
            .contains("\"sequence\":2");
      }
    }
    assertThat(Pins.list(objects)).isEmpty();
  }

  @Test
  void shouldLeaveNoPinOnACheckpointThatIsAbsentOrDropped() {
    commit(1);
    commit(2);
    assertThat(Pins.take(objects, 3, "x")).isNull();
    assertThat(manifests.boundary().raise(1)).isTrue();
    assertThat(Pins.take(objects, 2, "x")).isNull();
    assertThat(Pins.list(objects)).isEmpty();
  }

  @Test
  void shouldBeSeenByWhoeverRaisedTheBoundaryWhileItWasTaken() {
    commit(1);
    int[] seen = {-1};
    objects.fault((request, key) -> {
      if (key.equals(TierKeys.BOUNDARY) && seen[0] < 0) {
        // Raised after the pin was created and before the boundary is read.
        assertThat(manifests.boundary().raise(1)).isTrue();
        seen[0] = Pins.list(below).size();
      }
      return Outcome.ANSWERED;
    });
    assertThat(Pins.take(objects, 1, "x")).isNull();
    assertThat(seen[0]).isEqualTo(1);
    assertThat(Pins.list(below)).isEmpty();
  }

  @Test
  void shouldLeaveNoPinBehindWhenTakingOneFails() {
    commit(1);
    for (Outcome outcome : List.of(Outcome.APPLIED_UNANSWERED, Outcome.NOT_APPLIED)) {
      objects.fault((request, key) -> request.equals("putIfAbsent") ? outcome : Outcome.ANSWERED);
      assertThatThrownBy(() -> Pins.take(objects, 1, "x"))
          .isInstanceOf(TierUnavailableException.class);
      assertThat(Pins.list(below)).isEmpty();
    }
    objects.fault(
        (request, key) -> request.equals("delete") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    Pins.Pinned stays = Objects.requireNonNull(Pins.take(objects, 1, "x"));
    assertThat(stays.pin().release()).isFalse();
    objects.heal();
    objects.refuseDeletes(key -> "AccessDenied");
    assertThat(stays.pin().release()).isFalse();
    assertThat(Pins.list(below)).hasSize(1);
    objects.heal();
    assertThat(stays.pin().release()).isTrue();
    objects.fault((request, key) -> Outcome.NOT_APPLIED);
    assertThatThrownBy(() -> Pins.take(objects, 1, "x"))
        .isInstanceOf(TierUnavailableException.class);
  }
}
