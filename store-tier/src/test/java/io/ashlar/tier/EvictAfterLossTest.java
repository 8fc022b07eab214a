package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.TierDamagedException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.DamagedTier.Damage;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.restore.Restore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each object of a small tier, lost in each way in turn, and then an eviction: it stops, or what it
 * evicts can be read. {@code -Dtest.stride=1} takes every case; the suite takes some.
 */
@Tag("campaign")
class EvictAfterLossTest {
  private static final int STRIDE = Campaign.stride("test.stride", 23);

  @TempDir static Path folder;

  private static DamagedTier life;

  /** What the store has, local and evicted. */
  private static final Map<BlobId, byte[]> ALL = new TreeMap<>();

  /** What becomes of an object. */
  private enum Loss {
    DELETED,
    EMPTIED,
    TRUNCATED,
    OTHER_BYTES,
    ONE_OTHER_BIT;

    byte @Nullable [] of(byte[] bytes) {
      byte[] other = bytes.clone();
      switch (this) {
        case DELETED -> {
          return null;
        }
        case EMPTIED -> other = new byte[0];
        case TRUNCATED -> other = Arrays.copyOf(bytes, bytes.length / 2);
        case OTHER_BYTES -> {
          for (int i = 0; i < other.length; i++) {
            other[i] ^= 0x5A;
          }
        }
        case ONE_OTHER_BIT -> other[other.length / 2] ^= 4;
      }
      return other;
    }
  }

  @BeforeAll
  static void live() throws Exception {
    life = new DamagedTier(folder);
    try (LocalBlobStore store = DamagedTier.open(life.storeCopy());
        Tier tier = DamagedTier.tier(store, life.copy("", Damage.DELETED))) {
      ALL.putAll(DamagedTier.contents(store));
      assertThat(tier.tieredSequence()).isPositive();
    }
  }

  private static void lose(InMemoryObjectStore objects, String key, Loss loss) {
    byte[] left = loss.of(DamagedTier.bytes(objects, key));
    if (left == null) {
      assertThat(objects.deleteAll(List.of(key)).failed()).isEmpty();
    } else {
      objects.put(key, ObjectBody.of(left));
    }
  }

  /** What happened in all cases. */
  private static final class Sums {
    int cases;
    int notOpened;
    int stopped;
    int damageRead;
    int evictedCases;
    int evictedBlobs;

    @Override
    public String toString() {
      return "cases="
          + cases
          + ", not opened="
          + notOpened
          + ", stopped="
          + stopped
          + ", stopped by what was read="
          + damageRead
          + ", evicted="
          + evictedCases
          + " cases with "
          + evictedBlobs
          + " blobs, all of them right";
    }
  }

  @Test
  void shouldStopOrEvictRightlyAfterALossBeforeTheOpen() throws IOException {
    Sums sums = new Sums();
    int count = 0;
    for (String key : life.keys()) {
      for (Loss loss : Loss.values()) {
        if (count++ % STRIDE == 0) {
          lostBefore(key, loss, sums);
        }
      }
    }
    System.out.println("eviction after a loss before the open: " + sums);
    assertThat(sums.stopped).isPositive();
    assertThat(sums.evictedBlobs).isPositive();
  }

  private static void lostBefore(String key, Loss loss, Sums sums) throws IOException {
    InMemoryObjectStore objects = life.copy("", Damage.DELETED);
    objects.tellChecksums();
    lose(objects, key, loss);
    sums.cases++;
    try (LocalBlobStore store = DamagedTier.open(life.storeCopy());
        Tier tier = DamagedTier.tier(store, objects)) {
      evict(store, tier, key + " " + loss, sums);
    } catch (StoreException notOpened) {
      assertThat(notOpened).as(key + " " + loss).hasMessageContaining(Remedy.REPAIR);
      sums.notOpened++;
    }
  }

  @Test
  void shouldStopOrEvictRightlyAfterALossBehindAPass() throws IOException {
    Sums sums = new Sums();
    int objectsMax = life.keys().size() + 3; // a claim, a batch and its manifest
    int count = 0;
    for (int object = 0; object < objectsMax; object++) {
      for (Loss loss : Loss.values()) {
        // The newest objects in all ways.
        if (count++ % STRIDE == 0 || object >= objectsMax - 1) {
          lostBehind(object, loss, sums);
        }
      }
    }
    System.out.println("eviction after a loss behind a pass: " + sums);
    assertThat(sums.stopped).isPositive();
    assertThat(sums.evictedBlobs).isPositive();
  }

  private static void lostBehind(int object, Loss loss, Sums sums) throws IOException {
    InMemoryObjectStore objects = life.copy("", Damage.DELETED);
    objects.tellChecksums();
    sums.cases++;
    try (LocalBlobStore store = DamagedTier.open(life.storeCopy());
        Tier tier = DamagedTier.tier(store, objects)) {
      BlobModel later = new BlobModel();
      later.putRange(store, 1000, 1005, 9);
      assertThat(tier.checkpoint(TierProgress.NONE).batches()).isEqualTo(1);
      String key = objects.listAll("").map(ObjectInfo::key).toList().get(object);
      lose(objects, key, loss);
      evict(store, tier, key + " " + loss, sums);
      later.assertHolds(store);
      if (!key.equals(TierKeys.BOUNDARY)) {
        later.putRange(store, 2000, 2003, 9);
        assertThat(tier.checkpoint(TierProgress.NONE).blobs()).as(key).isEqualTo(3);
      }
    }
  }

  private static void evict(LocalBlobStore store, Tier tier, String what, Sums sums) {
    long before = store.stats().evictedBlobs();
    try {
      long evicted = tier.evict(id -> true);
      sums.evictedCases++;
      sums.evictedBlobs += (int) evicted;
    } catch (TierDamagedException e) {
      sums.stopped++;
      assertThat(store.stats().evictedBlobs()).as(what).isEqualTo(before);
      assertThat(what).startsWith(e.objects().getFirst());
      assertThat(tier.stats().evidence().missingObjects()).isEqualTo(1);
    } catch (CorruptionException e) {
      assertThat(e).as(what).hasMessageContaining(Remedy.REPAIR);
      sums.damageRead++;
      assertThat(store.stats().evictedBlobs()).as(what).isEqualTo(before);
      assertThat(tier.stats().evidence().stopped()).isEqualTo(1);
    }
    Set<BlobId> evicted = new HashSet<>();
    store.forEach((high, low, length, local) -> {
      if (!local && !life.evicted.contains(new BlobId(high, low))) {
        evicted.add(new BlobId(high, low));
      }
    });
    for (BlobId id : evicted) {
      byte[] right = ALL.get(id);
      if (right == null) {
        continue; // put since
      }
      byte[] read = new byte[right.length];
      assertThat(store.get(id, MemorySegment.ofArray(read))).isEqualTo(right.length);
      assertThat(read).as("%s: %s", what, id).isEqualTo(right);
    }
  }

  /** Nothing needed an early manifest any more, so nothing noticed that it expired. */
  @Test
  void shouldNoticeALostManifestBeforeMoreIsEvictedAndGoOnAfterARepair() throws Exception {
    InMemoryObjectStore objects = new InMemoryObjectStore();
    BlobModel model = new BlobModel();
    String lost = TierKeys.manifest(1);
    try (LocalBlobStore store = DamagedTier.open(folder.resolve("expired"))) {
      long evicted;
      try (Tier tier = DamagedTier.tier(store, objects)) {
        model.putRange(store, 1, 20, 1);
        tier.checkpoint(TierProgress.NONE);
        evicted = tier.evict(id -> true);
        assertThat(evicted).isEqualTo(19);
        assertThat(tier.stats().evidence().batchesSeen()).isPositive();
      }
      assertThat(objects.deleteAll(List.of(lost)).failed()).isEmpty();
      for (int open = 1; open < 3; open++) {
        try (Tier tier = DamagedTier.tier(store, objects)) {
          model.putRange(store, 20L * open, 20L * open + 20, 1);
          assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(20);
          assertStopped(tier, lost);
          assertThat(store.stats().evictedBlobs()).isEqualTo(evicted);
          model.assertHeldBy(store);
          if (open == 2) {
            tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
            assertThat(tier.stats().evidence().missingObjects()).isZero();
            assertThat(tier.evict(id -> true)).isEqualTo(40);
            model.assertHeldBy(store);
          }
        }
      }
    }
    try (LocalBlobStore restored = DamagedTier.open(folder.resolve("expired-restored"))) {
      Restore.restore(objects, restored, TierProgress.NONE);
      model.assertHeldBy(restored);
    }
  }

  private static void assertStopped(Tier tier, String lost) {
    for (int time = 1; time <= 2; time++) {
      boolean oldest = time == 2;
      assertThatThrownBy(
              () -> {
                long evicted = oldest ? tier.evictOldest(1, id -> true) : tier.evict(id -> true);
                assertThat(evicted).as("evicted").isNegative();
              })
          .isInstanceOfSatisfying(
              TierDamagedException.class,
              e -> {
                assertThat(e.objects()).containsExactly(lost);
                assertThat(e.count()).isEqualTo(1);
              })
          .hasMessageContaining("Tier.repair")
          .hasMessageContaining("ashlar repair STORE URL")
          .hasMessageContaining("missing=1, objects=" + lost);
      EvidenceStats stats = tier.stats().evidence();
      assertThat(stats.stopped()).isEqualTo(time);
      assertThat(stats.missingObjects()).isEqualTo(1);
      assertThat(stats.presenceChecks()).isEqualTo(time);
      assertThat(stats.lastCheckMs()).isPositive();
      assertThat(stats.batchesSeen()).isZero();
    }
  }
}
