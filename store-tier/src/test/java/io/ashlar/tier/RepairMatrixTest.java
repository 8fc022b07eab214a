package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.DamagedTier.Damage;
import io.ashlar.tier.collect.Scrub;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import io.ashlar.tier.restore.RestoreReport;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each object of a small tier, damaged in each way in turn, and repaired from the store. {@code
 * -Dtest.stride=1} takes every case; the suite takes some.
 */
@Tag("campaign")
class RepairMatrixTest {
  private static final int STRIDE = Campaign.stride("test.stride", 23);

  @TempDir static Path folder;

  private static DamagedTier life;
  private static LossModel model;

  /** What the store has, local and evicted. */
  private static Map<BlobId, byte[]> all;

  @BeforeAll
  static void live() throws Exception {
    life = new DamagedTier(folder);
    model = new LossModel(life.objects);
    InMemoryObjectStore whole = life.copy("", Damage.DELETED);
    try (LocalBlobStore store = DamagedTier.open(life.storeCopy());
        Tier tier = DamagedTier.tier(store, whole)) {
      all = DamagedTier.contents(store);
      life.model.assertHeldBy(store);
      assertThat(tier.tieredSequence()).isPositive();
    }
  }

  private record Case(String key, Damage damage) {
    private int bytes() {
      return Objects.requireNonNull(life.objects.get(key)).length;
    }

    /** Blobs that neither the store nor any batch has any more. */
    Set<BlobId> lost() {
      Set<BlobId> lost = new HashSet<>();
      for (BlobId id : life.evicted) {
        byte[] bytes = Objects.requireNonNull(all.get(id));
        if (!model.isLeft(id, bytes, key, damage, bytes())) {
          lost.add(id);
        }
      }
      return lost;
    }
  }

  private static List<Case> cases() {
    List<Case> some = new ArrayList<>();
    int count = 0;
    for (String key : life.keys()) {
      for (Damage damage : Damage.values()) {
        if (count++ % STRIDE == 0) {
          some.add(new Case(key, damage));
        }
      }
    }
    return some;
  }

  @Test
  void shouldRepairFromWhatIsLocalAndWhatIsLeft() throws IOException { // R3
    long[] sums = new long[8];
    for (Case each : cases()) {
      try {
        repair(each, sums);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(each + ": " + e.getMessage(), e);
      }
    }
    System.out.printf(
        "repair: cases=%d, local blobs restored=%d, evicted blobs restored=%d, lost=%d, uploaded=%d,"
            + " copied=%d, adopted batches=%d%n",
        sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6]);
    assertThat(sums[0]).isPositive();
  }

  private static void repair(Case each, long[] sums) throws IOException {
    InMemoryObjectStore objects = life.copy(each.key(), each.damage());
    Set<BlobId> lost = each.lost();
    Map<BlobId, byte[]> left = new TreeMap<>(all);
    left.keySet().removeAll(lost);
    Set<BlobId> told = new HashSet<>();
    LossListener listener =
        new LossListener() {
          @Override
          public void onLostBlob(BlobId id, long length, long sequence) {
            assertThat(told.add(id)).isTrue();
          }
        };
    try (LocalBlobStore store = DamagedTier.open(life.storeCopy())) {
      RepairReport report =
          Tier.builder(store, new DamagedTier.Unclosed(objects))
              .config(DamagedTier.CONFIG)
              .repair(RepairOptions.DEFAULTS, TierProgress.NONE, listener);
      assertThat(told).isEqualTo(lost);
      assertThat(report.lostBlobs()).isEqualTo(lost.size());
      assertWhole(objects, left, lost);
      try (Tier tier = DamagedTier.tier(store, objects)) {
        assertReads(store, left, lost);
        // The store is used further.
        tier.collect(false);
        assertWhole(objects, left, lost);
        BlobModel later = new BlobModel();
        later.put(store, 1000, 9, 5_000);
        tier.checkpoint(TierProgress.NONE);
        tier.evict(id -> true);
        tier.collect(false);
        tier.collect(false);
        later.assertHolds(store);
        assertReads(store, left, lost);
      }
      sums[0]++;
      sums[1] += all.size() - life.evicted.size();
      sums[2] += life.evicted.size() - lost.size();
      sums[3] += lost.size();
      sums[4] += report.uploadedBlobs();
      sums[5] += report.copiedBlobs();
      sums[6] += report.adoptedBatches();
    }
  }

  private static void assertReads(
      LocalBlobStore store, Map<BlobId, byte[]> left, Set<BlobId> lost) {
    left.forEach((id, bytes) -> {
      byte[] read = new byte[bytes.length];
      assertThat(store.get(id, MemorySegment.ofArray(read))).isEqualTo(bytes.length);
      assertThat(read).as("%s", id).isEqualTo(bytes);
    });
    for (BlobId id : lost) {
      assertThatThrownBy(() -> store.get(id, MemorySegment.ofArray(new byte[10_000])))
          .isInstanceOf(CorruptionException.class);
    }
  }

  /** The tier scrubs clean, and restores and follows exactly what is left. */
  private static void assertWhole(
      InMemoryObjectStore objects, Map<BlobId, byte[]> left, Set<BlobId> lost) {
    List<String> problems = new ArrayList<>();
    Scrub.Report scrub =
        Scrub.run(
            objects,
            Scrub.Options.ALL,
            new Scrub.Listener() {
              @Override
              public void onProblem(Scrub.Problem problem, String object, String message) {
                problems.add(problem + " " + object + " " + message);
              }
            });
    assertThat(scrub.clean()).as("%s", problems).isTrue();
    Set<BlobId> told = new HashSet<>();
    try (LocalBlobStore into = DamagedTier.open(life.newFolder())) {
      RestoreReport report =
          Restore.restore(
              objects,
              into,
              RestoreOptions.DEFAULTS,
              TierProgress.NONE,
              new LossListener() {
                @Override
                public void onLostBlob(BlobId id, long length, long sequence) {
                  told.add(id);
                }
              });
      Map<BlobId, byte[]> restored = DamagedTier.contents(into);
      assertThat(restored.keySet()).isEqualTo(left.keySet());
      restored.forEach((id, bytes) -> assertThat(bytes).as("%s", id).isEqualTo(left.get(id)));
      assertThat(told).isEqualTo(lost);
      assertThat(report.losses().blobs()).isEqualTo(lost.size());
    }
    try (FollowerStore follower =
        FollowerStore.open(
            new DamagedTier.Unclosed(objects), FollowerConfig.DEFAULTS.withPin(false))) {
      for (BlobId id : lost) {
        assertThatThrownBy(() -> follower.contains(id)).isInstanceOf(CorruptionException.class);
      }
      assertThat(follower.stats().blobs()).isEqualTo(left.size());
    }
  }

  @Test
  void shouldEvictRightlyOrNotAtAllBeforeARepair() throws IOException {
    long[] sums = new long[3];
    for (Case each : cases()) {
      if (each.damage().name().startsWith("FLIPPED")) {
        continue; // only reading all of it shows that
      }
      InMemoryObjectStore objects = life.copy(each.key(), each.damage());
      try (LocalBlobStore store = DamagedTier.open(life.storeCopy())) {
        Set<BlobId> evicted = new HashSet<>();
        try (Tier tier = DamagedTier.tier(store, objects)) {
          tier.evict(id -> true);
        } catch (StoreException refused) {
          sums[1]++;
        }
        store.forEach((high, low, length, local) -> {
          BlobId id = new BlobId(high, low);
          if (!local && !life.evicted.contains(id)) {
            evicted.add(id);
          }
        });
        for (BlobId id : evicted) {
          byte[] bytes = Objects.requireNonNull(all.get(id));
          assertThat(model.isLeft(id, bytes, each.key(), each.damage(), each.bytes()))
              .as("%s: evicted %s", each, id)
              .isTrue();
        }
        sums[0]++;
        sums[2] += evicted.size();
      }
    }
    System.out.printf(
        "eviction from a damaged tier: cases=%d, refused=%d, evicted blobs=%d, all of them left%n",
        sums[0], sums[1], sums[2]);
  }
}
