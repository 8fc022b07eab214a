package io.ashlar.tier.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Presence.NeededBatch;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PresenceTest {
  private static final int MANIFEST_BYTES = 200;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);

  private void put(String key, int bytes) {
    below.put(key, ObjectBody.of(new byte[bytes]));
  }

  private void putManifests(long first, long last) {
    for (long sequence = first; sequence <= last; sequence++) {
      put(TierKeys.manifest(sequence), MANIFEST_BYTES);
    }
  }

  private static String batch(long generation, long number) {
    TierKeys.BatchName name =
        TierKeys.BatchName.derived(
            generation, number, TierManifest.newId().getMostSignificantBits());
    return TierKeys.batch(name.generation(), name.number(), name.id());
  }

  private void delete(String key) {
    assertThat(below.deleteAll(List.of(key)).failed()).isEmpty();
  }

  @Test
  void shouldNameWhatIsMissingEmptyOrOfAnotherLength() {
    putManifests(1, 6);
    delete(TierKeys.manifest(1));
    delete(TierKeys.manifest(4));
    put(TierKeys.manifest(5), 0);
    List<String> batches = List.of(batch(1, 0), batch(1, 1), batch(2, 0), batch(2, 1));
    put(batches.get(0), 100);
    put(batches.get(1), 99);
    put(batches.get(3), 100);
    try (Presence presence = Presence.list(objects, 1)) {
      assertThat(presence.missingManifests(1, 6)).containsExactly(1L, 4L, 5L);
      assertThat(presence.missingManifests(2, 3)).isEmpty();
      List<NeededBatch> needed =
          batches.stream().map(key -> new NeededBatch(key, 100, 100)).toList();
      assertThat(presence.missingBatches(needed)).containsExactly(needed.get(1), needed.get(2));
      assertThat(presence.shows(needed.get(0))).isTrue();
      assertThat(presence.shows(needed.get(1))).isFalse();
      NeededBatch reachesFurther = new NeededBatch(batches.get(0), 101, Long.MAX_VALUE);
      assertThat(presence.missingBatches(List.of(reachesFurther))).containsExactly(reachesFurther);
      NeededBatch shorter = new NeededBatch(batches.get(0), 10, Long.MAX_VALUE);
      assertThat(presence.missingBatches(List.of(shorter))).isEmpty();
    }
  }

  @Test
  void shouldAskInProportionToAThousandthOfTheObjects() {
    putManifests(1, 1_500);
    List<NeededBatch> needed = new ArrayList<>();
    for (int i = 0; i < 2_500; i++) {
      String key = batch(1 + i % 3, i);
      put(key, 10);
      needed.add(new NeededBatch(key, 10, 10));
    }
    try (Presence presence = Presence.list(objects, 1)) {
      assertThat(presence.missingManifests(1, 1_500)).isEmpty();
      assertThat(presence.missingBatches(needed)).isEmpty();
    }
    assertThat(objects.requests()).hasSize(2 + 3);
  }

  @Test
  void shouldListManifestsOnlyFromTheBaseOn() {
    putManifests(1, 2_010);
    try (Presence presence = Presence.list(objects, 2_001)) {
      assertThat(presence.missingManifests(2_001, 2_011)).containsExactly(2_011L);
      assertThatThrownBy(() -> presence.missingManifests(2_000, 2_010))
          .isInstanceOf(IllegalArgumentException.class);
    }
    // A page of each, and the one that is missing once more.
    assertThat(objects.requests())
        .containsExactly("list manifests/", "list batches/", "head " + TierKeys.manifest(2_011));
  }

  @Test
  void shouldNotBelieveOneListingThatIsEmpty() {
    for (int count : new int[] {3, 3 * Presence.HEADS_MAX}) {
      putManifests(1, count);
      List<NeededBatch> needed = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String key = batch(9, count + i);
        put(key, 10);
        needed.add(new NeededBatch(key, 10, 10));
      }
      AtomicInteger lists = new AtomicInteger();
      objects.fault((request, key) ->
          request.equals("list") && lists.incrementAndGet() <= 2
              ? Outcome.EMPTY
              : Outcome.ANSWERED);
      try (Presence presence = Presence.list(objects, 1)) {
        assertThat(presence.missingManifests(1, count)).isEmpty();
        assertThat(presence.missingBatches(needed)).isEmpty();
      }
    }
  }

  @Test
  void shouldNotTakeAFailureForAbsence() {
    putManifests(1, 2);
    delete(TierKeys.manifest(2));
    objects.fault(
        (request, key) -> request.equals("list") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    assertThatThrownBy(() -> Presence.list(objects, 1).close())
        .isInstanceOf(TierUnavailableException.class);
    objects.fault(
        (request, key) -> request.equals("head") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    try (Presence presence = Presence.list(objects, 1)) {
      assertThatThrownBy(() -> presence.missingManifests(1, 2))
          .isInstanceOf(TierUnavailableException.class);
    }
  }
}
