package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobReads;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.DamagedTier.Damage;
import io.ashlar.tier.LossModel.Known;
import io.ashlar.tier.LossModel.Verdict;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import io.ashlar.tier.restore.RestoreOptions.Losses;
import io.ashlar.tier.restore.RestoreReport;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each object of a small tier, damaged in each way in turn. {@code -Dtest.stride=1} takes every
 * case; the suite takes some.
 */
class LostObjectsTest {
  private static final int STRIDE = Campaign.stride("test.stride", 11);

  @TempDir static Path folder;

  private static DamagedTier life;
  private static LossModel model;

  @BeforeAll
  static void live() throws Exception {
    life = new DamagedTier(folder);
    model = new LossModel(life.objects);
  }

  private record Case(String key, Damage damage) {
    int bytes() {
      return Objects.requireNonNull(life.objects.get(key)).length;
    }

    InMemoryObjectStore tier() {
      return life.copy(key, damage);
    }

    Map<BlobId, Known> known() {
      return model.knownAfter(key, damage, bytes());
    }
  }

  private static List<Case> cases() {
    List<Case> all = new ArrayList<>();
    for (String key : life.keys()) {
      for (Damage damage : Damage.values()) {
        all.add(new Case(key, damage));
      }
    }
    List<Case> some = new ArrayList<>();
    for (int i = 0; i < all.size(); i += STRIDE) {
      some.add(all.get(i));
    }
    return some;
  }

  private static final class Told implements LossListener {
    final Set<BlobId> lost = new HashSet<>();
    final Set<BlobId> uncertain = new HashSet<>();

    @Override
    public void onLostBlob(BlobId id, long length, long sequence) {
      assertThat(lost.add(id)).isTrue();
    }

    @Override
    public void onUncertainBlob(BlobId id, long length, long sequence, boolean restored) {
      assertThat(uncertain.add(id)).isTrue();
    }
  }

  private static Map<BlobId, byte[]> of(Map<BlobId, Known> known, Set<Verdict> verdicts) {
    Map<BlobId, byte[]> blobs = new TreeMap<>();
    known.forEach((id, what) -> {
      if (what.bytes() != null && verdicts.contains(what.verdict())) {
        blobs.put(id, what.bytes());
      }
    });
    return blobs;
  }

  private static void assertSame(Map<BlobId, byte[]> found, Map<BlobId, byte[]> expected) {
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    found.forEach(
        (id, bytes) -> assertThat(bytes).as("bytes of %s", id).isEqualTo(expected.get(id)));
  }

  @Tag("campaign")
  @Test
  void shouldRestoreExactlyWhatTheIntactObjectsHold() {
    Map<String, long[]> counts = new TreeMap<>();
    for (Case each : cases()) {
      Map<BlobId, Known> known = each.known();
      for (Losses losses : new Losses[] {Losses.SKIP, Losses.GUESS}) {
        Told told = new Told();
        try (LocalBlobStore into = DamagedTier.open(life.newFolder())) {
          RestoreReport report =
              Restore.restore(
                  each.tier(),
                  into,
                  RestoreOptions.DEFAULTS.withLosses(losses),
                  TierProgress.NONE,
                  told);
          Set<Verdict> restored =
              losses == Losses.SKIP
                  ? Set.of(Verdict.PROVED)
                  : Set.of(Verdict.PROVED, Verdict.UNCERTAIN);
          assertSame(DamagedTier.contents(into), of(known, restored));
          assertThat(told.uncertain).isEqualTo(of(known, Set.of(Verdict.UNCERTAIN)).keySet());
          Set<BlobId> lost = new HashSet<>();
          known.forEach((id, what) -> {
            if (what.verdict() == Verdict.LOST) {
              lost.add(id);
            }
          });
          assertThat(told.lost).isEqualTo(lost);
          if (losses == Losses.SKIP) {
            long[] sum = counts.computeIfAbsent(kind(each.key()), key -> new long[5]);
            sum[0]++;
            sum[1] += report.blobs();
            sum[2] += report.losses().uncertain();
            sum[3] += report.losses().blobs();
            sum[4] += report.losses().entriesUnknown();
          }
        } catch (RuntimeException | AssertionError e) {
          throw new AssertionError(each + ", " + losses + ": " + e.getMessage(), e);
        }
      }
    }
    counts.forEach((kind, sum) ->
        System.out.printf(
            "partial restore, %s damaged: cases=%d, proved=%d, uncertain=%d, lost=%d, entries of"
                + " unknown ids=%d%n",
            kind, sum[0], sum[1], sum[2], sum[3], sum[4]));
  }

  @Test
  void shouldTakeNothingForProvedThatIsNotSoHoweverMuchIsLost() {
    Random random = new Random(Long.getLong("test.seed", 20260));
    int rounds = Math.max(8, 240 / STRIDE);
    List<String> keys = life.keys();
    Map<BlobId, byte[]> state = model.state();
    long[] counts = new long[4];
    for (int round = 0; round < rounds; round++) {
      InMemoryObjectStore tier = life.copy("", Damage.DELETED);
      List<String> done = new ArrayList<>();
      for (int i = 2 + random.nextInt(4); i > 0; i--) {
        String key = keys.get(random.nextInt(keys.size()));
        Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
        life.damage(tier, key, damage);
        done.add(damage + " " + key);
      }
      try (LocalBlobStore into = DamagedTier.open(life.newFolder());
          FollowerStore follower = followerOrNull(tier)) {
        RestoreReport report =
            Restore.restore(
                tier, into, RestoreOptions.DEFAULTS.withLosses(Losses.SKIP), TierProgress.NONE);
        DamagedTier.contents(into)
            .forEach((id, bytes) -> assertThat(bytes).as("proved %s", id).isEqualTo(state.get(id)));
        counts[0] += report.blobs();
        counts[1] += report.losses().uncertain();
        if (follower != null) {
          assertServesNothingWrong(follower, state, counts);
        }
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(done + ": " + e.getMessage(), e);
      }
    }
    System.out.printf(
        "several objects damaged: rounds=%d, proved=%d, uncertain=%d, follower served=%d,"
            + " refused=%d%n",
        rounds, counts[0], counts[1], counts[2], counts[3]);
  }

  private static @Nullable FollowerStore followerOrNull(InMemoryObjectStore tier) {
    try {
      return FollowerStore.open(
          new DamagedTier.Unclosed(tier),
          FollowerConfig.DEFAULTS.withPin(false).withIndexBytesMax(1 << 20));
    } catch (CorruptionException | TierUnavailableException noManifestIsLeft) {
      return null;
    }
  }

  private static void assertServesNothingWrong(
      FollowerStore follower, Map<BlobId, byte[]> state, long[] counts) {
    Set<BlobId> ids = new HashSet<>(model.ids());
    ids.add(new BlobId(77, 77));
    for (BlobId id : ids) {
      try {
        assertThat(read(follower, id)).as("served %s", id).isEqualTo(state.get(id));
        counts[2]++;
      } catch (CorruptionException refused) {
        counts[3]++;
      }
    }
  }

  private static String kind(String key) {
    return key.contains("/") ? key.substring(0, key.indexOf('/')) : key;
  }

  @Test
  void shouldFollowEveryIntactBlobAndRefuseWhatIsUncertain() {
    long[] counts = new long[4];
    Set<BlobId> ids = new HashSet<>(model.ids());
    ids.add(new BlobId(77, 77));
    for (Case each : cases()) {
      Map<BlobId, Known> known = each.known();
      boolean absenceIsProved = model.absenceIsProved(each.key(), each.damage(), each.bytes());
      try (FollowerStore follower =
          FollowerStore.open(
              new DamagedTier.Unclosed(each.tier()),
              FollowerConfig.DEFAULTS.withPin(false).withIndexBytesMax(1 << 20))) {
        counts[0]++;
        for (BlobId id : ids) {
          Known what = known.get(id);
          if (what == null) {
            if (absenceIsProved) {
              assertThat(follower.contains(id)).isFalse();
            } else {
              assertThatThrownBy(() -> follower.contains(id))
                  .isInstanceOf(CorruptionException.class);
            }
          } else if (what.verdict() == Verdict.PROVED) {
            assertThat(read(follower, id)).as("id %s", id).isEqualTo(what.bytes());
            counts[1]++;
          } else {
            assertThatThrownBy(() -> read(follower, id))
                .as("id %s", id)
                .isInstanceOf(CorruptionException.class);
            counts[2]++;
          }
        }
        Set<BlobId> visited = visited(follower);
        assertThat(visited).containsAll(of(known, Set.of(Verdict.PROVED)).keySet());
        visited.removeIf(id -> verdict(known, id) != Verdict.UNCERTAIN);
        assertThat(visited).as("visited though uncertain").isEmpty();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(each + ": " + e.getMessage(), e);
      }
    }
    System.out.printf(
        "follower on a damaged tier: cases=%d, reads served=%d, refused=%d%n",
        counts[0], counts[1], counts[2]);
  }

  private static Verdict verdict(Map<BlobId, Known> known, BlobId id) {
    return Objects.requireNonNull(known.get(id)).verdict();
  }

  private static byte @Nullable [] read(BlobReads store, BlobId id) {
    long length = store.length(id);
    if (length < 0) {
      return null;
    }
    byte[] bytes = new byte[(int) length];
    assertThat(store.get(id, MemorySegment.ofArray(bytes))).isEqualTo(length);
    return bytes;
  }

  private static Set<BlobId> visited(FollowerStore follower) {
    Set<BlobId> visited = new HashSet<>();
    try {
      follower.forEach((high, low, length, local) -> visited.add(new BlobId(high, low)));
    } catch (CorruptionException somethingIsLost) {
      assertThat(somethingIsLost).hasMessageContaining("lost");
    }
    return visited;
  }

  @Test
  void shouldHaveAllThatIsToBeDamaged() {
    Map<String, Integer> kinds = new HashMap<>();
    life.keys().forEach(key -> kinds.merge(kind(key), 1, Integer::sum));
    System.out.println("objects of the tier: " + new TreeMap<>(kinds));
    assertThat(kinds.keySet()).contains("batches", "manifests", "pins", "gc", TierKeys.LATEST);
    assertThat(model.chain().getFirst().isBase()).isTrue();
    assertThat(model.chain().getFirst().sequence()).isGreaterThan(1);
    assertThat(life.evicted).hasSizeGreaterThan(20);
  }
}
