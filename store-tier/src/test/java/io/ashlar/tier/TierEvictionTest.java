package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.restore.Restore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which blobs a tier evicts, and how they are read back. */
class TierEvictionTest extends TierInFolder {
  @Test
  void shouldReadEvictedBlobsBackWithOneGetABatch() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 0, 300, 1);
      CheckpointReport report = tier.checkpoint(TierProgress.NONE);
      TierStats before = tier.stats();
      assertThat(tier.evict(id -> true)).isEqualTo(299);
      // The boundary, which is absent, so twice: no writer took over.
      assertThat(tier.stats().gets()).isEqualTo(before.gets() + 2);
      assertThat(store.stats().evictedBlobs()).isEqualTo(299);

      for (int round = 0; round < 3; round++) {
        model.assertHeldBy(store);
      }
      assertThat(tier.stats().gets() - before.gets()).isEqualTo(2 + report.batches());
      assertThat(tier.evict(id -> true)).isZero();
    }
  }

  @Test
  void shouldEvictInALaterProcessAndReadBackInYetAnother() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 200, 1);
      tier.checkpoint(TierProgress.NONE);
      model.putRange(store, 50, 80, 2);
      model.delete(store, 199);
      tier.checkpoint(TierProgress.NONE);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.evict(id -> id.low() % 2 == 0)).isEqualTo(99);
      assertThat(tier.evict(id -> id.low() < 100)).isEqualTo(50);
      model.putRange(store, 60, 70, 3);
      model.delete(store, 2);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.assertHeldBy(store);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isPositive();
      model.assertHeldBy(store);
    }
    assertRestored(model);
  }

  @Test
  void shouldReadAnEvictedBlobBackWithOneGetOfItsFrames() {
    BlobModel model = new BlobModel();
    ObjectStore objects = prefix();
    TierConfig config =
        MANUAL
            .withBatchBytesTarget(4 << 20)
            .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0));
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, objects, config, false)) {
      model.putRange(store, 1, 500, 1);
      model.put(store, 1000, 2, 300_000);
      model.put(store, 1001, 3, 1_500_000);
      CheckpointReport report = tier.checkpoint(TierProgress.NONE);
      assertThat(report.batches()).isEqualTo(1);
      assertThat(tier.evict(id -> true)).isEqualTo(501);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment target = arena.allocate(2_000_000);
        // A frame holds 64 KiB, and half of these bytes compress away; the blobs are 9 kB at most.
        assertFetches(store, tier, BlobModel.id(250), target, 1, 45_000);
        assertFetches(store, tier, BlobModel.id(1000), target, 100_000, 200_000);
        assertFetches(store, tier, BlobModel.id(1001), target, 500_000, 1_000_000);
      }
      model.assertHeldBy(store);
    }
  }

  private static void assertFetches(
      LocalBlobStore store, Tier tier, BlobId id, MemorySegment target, long least, long most) {
    TierStats before = tier.stats();
    assertThat(store.get(id, target)).isPositive();
    TierStats after = tier.stats();
    assertThat(after.gets() - before.gets()).isEqualTo(1);
    assertThat(after.heads()).isEqualTo(before.heads());
    assertThat(after.bytesDownloaded() - before.bytesDownloaded()).isBetween(least, most);
  }

  @Test
  void shouldFindWhatToEvictAfterARestartInTheIndexesAlone() {
    BlobModel model = new BlobModel();
    TierConfig config = MANUAL.withBatchBytesTarget(1 << 20);
    CheckpointReport report;
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, prefix(), config, false)) {
      model.putRange(store, 1, 500, 1);
      report = tier.checkpoint(TierProgress.NONE);
      assertThat(report.batches()).isGreaterThan(1);
    }
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, prefix(), config, false)) {
      TierStats before = tier.stats();
      assertThat(tier.evict(id -> true)).isEqualTo(499);
      TierStats after = tier.stats();
      // The probe for another writer, the chain, and the tail of each batch.
      assertThat(after.gets() - before.gets()).isLessThanOrEqualTo(5 + report.batches());
      assertThat(after.bytesDownloaded() - before.bytesDownloaded())
          .isLessThan(report.batches() * (64 << 10) + 5_000)
          .isLessThan(report.bytesAfter());
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldNotEvictByAnIndexThatIsDamagedOrCut() throws Exception { // E2
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 10, 1);
      assertThat(tier.checkpoint(TierProgress.NONE).batches()).isEqualTo(1);
    }
    ObjectStore objects = prefix();
    ObjectInfo batch = objects.listAll(TierKeys.BATCHES).toList().getFirst();
    byte[] bytes = new byte[(int) batch.length()];
    objects.get(batch.key(), 0, MemorySegment.ofArray(bytes));
    byte[] flipped = bytes.clone();
    flipped[bytes.length - 70] ^= 1;
    byte[] shorter = Arrays.copyOf(bytes, bytes.length - 1);
    try (LocalBlobStore store = local("a");
        Tier tier = open(store, objects, MANUAL, false)) {
      for (byte[] damaged : List.of(flipped, shorter)) {
        objects.put(batch.key(), ObjectBody.of(damaged));
        assertThatThrownBy(() -> tier.evict(id -> true))
            .isInstanceOf(CorruptionException.class)
            .hasMessageContaining(batch.key());
        assertThat(store.stats().evictedBlobs()).isZero();
      }
      objects.put(batch.key(), ObjectBody.of(bytes));
      assertThat(tier.evict(id -> true)).isEqualTo(9);
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldGoOnFromBatchesOfVersion2ThatAnEarlierReleaseWrote() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 100, 1);
      tier.checkpoint(TierProgress.NONE);
      model.delete(store, 50);
      model.putRange(store, 20, 30, 2);
      tier.checkpoint(TierProgress.NONE);
    }
    try (ObjectStore objects = prefix()) {
      assertThat(OldTier.rewrite(objects)).isGreaterThan(2);
    }
    assertRestored(model);
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.evict(id -> id.low() < 60)).isEqualTo(58);
      model.putRange(store, 60, 70, 3);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(40);
      model.assertHeldBy(store);
    }
    try (LocalBlobStore store = local("a");
        Tier _ = tier(store)) {
      model.assertHeldBy(store);
    }
    assertRestored(model);
  }

  @Test
  void shouldNotEvictWhatIsNotTieredYet() { // L30
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      assertThat(tier.evict(id -> true)).isZero();
      tier.checkpoint(TierProgress.NONE);
      model.putRange(store, 5, 10, 2);
      assertThat(tier.evict(id -> true)).isEqualTo(14);
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldNotEvictOnceAnotherWriterTookOver() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore old = local("a");
        Tier oldTier = tier(old)) {
      model.putRange(old, 1, 10, 1);
      oldTier.checkpoint(TierProgress.NONE);
      LocalBlobStore restored = local("b");
      try (ObjectStore objects = prefix()) {
        Restore.restore(objects, restored, TierProgress.NONE);
      }
      openAndClose(restored, prefix(), true);
      assertThatThrownBy(() -> oldTier.evict(id -> true)).isInstanceOf(FencedException.class);
      assertThat(old.stats().evictedBlobs()).isZero();
    }
  }

  @Test
  void shouldReadEvictedBlobsOnlyWhileATierIsOpen() {
    BlobModel model = new BlobModel();
    BlobId id = BlobModel.id(3);
    try (LocalBlobStore store = local("a")) {
      try (Tier tier = tier(store)) {
        model.putRange(store, 1, 10, 1);
        tier.checkpoint(TierProgress.NONE);
        assertThat(tier.evict(id::equals)).isEqualTo(1);
        model.assertHeldBy(store);
      }
      assertThatThrownBy(() -> store.get(id))
          .isInstanceOf(TierUnavailableException.class)
          .hasMessageContaining("the tier is closed: open it again");
      assertThat(store.contains(id)).isTrue();
      model.putRange(store, 10, 20, 1);
      try (Tier again = tier(store)) {
        assertThat(again.checkpoint(TierProgress.NONE).blobs()).isEqualTo(10);
        model.assertHeldBy(store);
      }
    }
    try (LocalBlobStore store = local("a")) {
      assertThatThrownBy(() -> store.get(id))
          .isInstanceOf(TierUnavailableException.class)
          .hasMessageContaining("no tier is open");
    }
  }
}
