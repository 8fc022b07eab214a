package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.WrongKeyException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.TierManifestCodec;
import io.ashlar.tier.collect.Scrub;
import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeyRing;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.FaultyObjectStore.ProcessEnded;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import io.ashlar.tier.upload.ForeignCollection;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What HealTier of the cases showed, and what a repair refuses, survives and leaves. */
class RepairTest {
  private static final int STRIDE = Campaign.stride("test.stride", 6);

  @TempDir Path folder;

  private final InMemoryObjectStore objects = new InMemoryObjectStore();
  private final BlobModel model = new BlobModel();

  /** Five checkpoints of 30 blobs; manifest 1 is the claim. */
  @BeforeEach
  void tier() {
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      for (int i = 0; i < 5; i++) {
        model.putRange(store, i * 30L, i * 30L + 30, i);
        tier.checkpoint(TierProgress.NONE);
      }
    }
  }

  private LocalBlobStore store() {
    return DamagedTier.open(folder.resolve("store"));
  }

  private void lose(String key) {
    assertThat(objects.head(key)).isNotNull();
    var _ = objects.deleteAll(List.of(key));
  }

  private String batch(int number) {
    return DamagedTier.keysOf(objects, TierKeys.BATCHES).get(number);
  }

  private RepairReport repair(LocalBlobStore store, FaultyObjectStore tier, boolean alone) {
    return Tier.builder(store, tier)
        .config(DamagedTier.CONFIG)
        .repair(RepairOptions.DEFAULTS.withAlone(alone), TierProgress.NONE, LossListener.NONE);
  }

  private RepairReport repair() {
    try (LocalBlobStore store = store()) {
      return repair(store, new FaultyObjectStore(objects), false);
    }
  }

  private void assertWhole(String name) {
    assertThat(Scrub.run(objects, Scrub.Options.ALL, new Scrub.Listener() {}).clean()).isTrue();
    try (LocalBlobStore into = DamagedTier.open(folder.resolve(name))) {
      Restore.restore(objects, into, TierProgress.NONE);
      model.assertHeldBy(into);
    }
  }

  @Test
  void shouldHealALostBatchWhoseBlobsAreLocal() { // R2
    lose(batch(1));
    assertThatThrownBy(() -> assertWhole("refused")).isInstanceOf(AssertionError.class);
    RepairReport report = repair();
    assertThat(report.lostBatches()).isEqualTo(1);
    assertThat(report.uploadedBlobs()).isBetween(1L, 30L);
    assertThat(report.lostBlobs()).isZero();
    assertThat(report.keptBatches()).isGreaterThan(3);
    assertWhole("restored");
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      model.putRange(store, 0, 150, 7);
      tier.checkpoint(TierProgress.NONE);
      tier.collect(false);
      tier.collect(false);
      assertWhole("later");
    }
  }

  @Test
  void shouldHealALostManifestAndAdoptItsBatches() {
    lose(TierKeys.manifest(2));
    Set<String> adopted = new HashSet<>();
    try (LocalBlobStore store = store()) {
      RepairReport report =
          Tier.builder(store, new FaultyObjectStore(objects))
              .config(DamagedTier.CONFIG)
              .repair(
                  RepairOptions.DEFAULTS,
                  TierProgress.NONE,
                  new LossListener() {
                    @Override
                    public void onOrphan(String object, boolean isAdopted) {
                      assertThat(isAdopted).isTrue();
                      adopted.add(object);
                    }
                  });
      assertThat(report.lostManifests()).isEqualTo(1);
      assertThat(report.adoptedBatches()).isEqualTo(adopted.size()).isPositive();
      assertThat(report.uploadedBlobs()).isZero();
    }
    assertWhole("restored");
  }

  /** Batches that are kept hold what was overwritten and deleted since. */
  @Test
  void shouldBringBackNothingThatTheStoreHasNoMore() {
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      model.delete(store, 3);
      model.put(store, 4, 99, 4 * 977);
      model.delete(store, 40);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> id.equals(BlobModel.id(4)) || id.equals(BlobModel.id(41))))
          .isEqualTo(2);
    }
    lose(TierKeys.manifest(3));
    RepairReport report = repair();
    assertThat(report.keptBatches()).isPositive();
    assertThat(report.lostBlobs()).isZero();
    assertWhole("restored");
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      assertThat(tier.tieredEpoch()).isEqualTo(store.durableEpoch());
      model.assertHeldBy(store);
    }
  }

  /** Bytes of the same id and length that are not the blob's are not the blob. */
  @Test
  void shouldTellABlobLostOfWhichOnlyOlderBytesAreLeft() {
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      model.put(store, 4, 99, 4 * 977);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> id.equals(BlobModel.id(4)))).isEqualTo(1);
    }
    lose(DamagedTier.keysOf(objects, TierKeys.BATCHES).getLast());
    RepairReport report = repair();
    assertThat(report.lostBatches()).isEqualTo(1);
    assertThat(report.lostBlobs()).isEqualTo(1);
    assertThat(report.copiedBlobs()).isZero();
    // No manifest lists the record of it among its batches: a collection without the store, too,
    // knows only from the names of the records that it is needed.
    List<String> records =
        Objects.requireNonNull(new ManifestStore(objects).latest()).collection().lost();
    assertThat(records).isNotEmpty();
    CollectionConfig config = CollectionConfig.DEFAULTS.withRetainCount(1).withIntervalMs(0);
    ForeignCollection.run(objects, null, config, false);
    ForeignCollection.run(objects, null, config, false);
    assertThat(DamagedTier.keysOf(objects, TierKeys.BATCHES)).containsAll(records);
  }

  /** What is stored is uploaded again for a lost batch; what it had replaced is of no use. */
  @Test
  void shouldKeepNoBatchOfWhichTheStoreHasNothing() {
    ManifestStore manifests = new ManifestStore(objects);
    Set<String> overwritten = new HashSet<>();
    Objects.requireNonNull(manifests.find(2))
        .batches()
        .forEach(batch -> overwritten.add(batch.name()));
    assertThat(overwritten).isNotEmpty();
    Set<String> before = Set.copyOf(DamagedTier.keysOf(objects, TierKeys.BATCHES));
    assertThat(before).containsAll(overwritten);
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      model.delete(store, 0); // it is empty: whatever was empty holds it
      model.putRange(store, 1, 30, 99);
      tier.checkpoint(TierProgress.NONE);
    }
    for (String batch : DamagedTier.keysOf(objects, TierKeys.BATCHES)) {
      if (!before.contains(batch)) {
        lose(batch);
      }
    }
    assertThat(repair().uploadedBlobs()).isEqualTo(29);
    assertThat(Objects.requireNonNull(manifests.latest()).batches())
        .extracting(BatchReference::name)
        .isNotEmpty()
        .doesNotContainAnyElementsOf(overwritten);
    assertWhole("restored");
  }

  @Test
  void shouldRepairAnOpenTierAndGoOn() {
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      lose(TierKeys.manifest(3));
      lose(batch(0));
      model.putRange(store, 150, 160, 3); // not tiered yet
      RepairReport report =
          tier.repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
      assertThat(report.uploadedBlobs()).isGreaterThan(10);
      assertThat(tier.tieredEpoch()).isEqualTo(store.durableEpoch());
      assertWhole("restored");
      model.putRange(store, 160, 170, 3);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isPositive();
      model.assertHeldBy(store);
      assertWhole("later");
    }
  }

  @Test
  void shouldRepairWhenTheNewestManifestAndTheHintAreLost() {
    lose(TierKeys.manifest(6));
    lose(TierKeys.LATEST);
    // Nothing but the store's file says that there was a manifest 6.
    assertThat(repair().checkpoint()).isEqualTo(8);
    assertWhole("restored");
  }

  @Test
  void shouldFenceAWriterWhoseLastManifestLiesBeforeALostOne() { // R4
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest stale = Objects.requireNonNull(manifests.find(3));
    lose(TierKeys.manifest(4));
    TierManifest next =
        new TierManifest(
            new TierManifest.Writer(stale.storeId(), stale.incarnation(), stale.generation()),
            4,
            new TierManifest.Stamp(TierManifest.newId(), 0),
            new TierManifest.Reach(stale.lastRecordSequence(), stale.lastEpoch()),
            List.of(),
            stale.collection(),
            null);
    repair();
    assertThat(manifests.boundary().sequence()).isEqualTo(6);
    assertThatThrownBy(() -> manifests.commit(next)).isInstanceOf(FencedException.class);
    assertWhole("restored");
  }

  @Test
  void shouldEndWhenAnotherWriterIsAtWork() {
    lose(TierKeys.manifest(4));
    TierManifest stale = Objects.requireNonNull(new ManifestStore(objects).find(3));
    FaultyObjectStore held = new FaultyObjectStore(objects);
    held.hold(request -> {
      if (request.equals("putIfAbsent " + TierKeys.manifest(7))) {
        // He creates the lost one after the repair has looked.
        objects.put(
            TierKeys.manifest(4),
            ObjectBody.of(
                TierManifestCodec.encode(
                    new TierManifest(
                        new TierManifest.Writer(
                            stale.storeId(), stale.incarnation(), stale.generation()),
                        4,
                        new TierManifest.Stamp(TierManifest.newId(), 0),
                        new TierManifest.Reach(0, 0),
                        List.of(),
                        CollectionState.NONE,
                        null))));
      }
    });
    try (LocalBlobStore store = store()) {
      assertThatThrownBy(() -> repair(store, held, false))
          .isInstanceOf(FencedException.class)
          .hasMessageContaining("another writer is at work");
    }
    repair();
    assertWhole("restored");
  }

  @Test
  void shouldRefuseWhereNothingCanFenceUnlessNobodyElseWrites() {
    lose(TierKeys.manifest(4));
    objects.put(TierKeys.BOUNDARY, ObjectBody.of(TierManifestCodec.encodeBoundary(1)));
    FaultyObjectStore without =
        new FaultyObjectStore(objects) {
          @Override
          public PutResult putIfMatch(String key, ObjectBody body, String etag) {
            throw new ObjectStoreException("no If-Match here", FailureKind.UNSUPPORTED, -1, null);
          }
        };
    List<String> before = DamagedTier.keysOf(objects, "");
    try (LocalBlobStore store = store()) {
      assertThatThrownBy(() -> repair(store, without, false))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("no real put-if-match");
      assertThat(DamagedTier.keysOf(objects, "")).isEqualTo(before);
      repair(store, without, true);
    }
    assertWhole("restored");
  }

  @Test
  void shouldRefuseTheTierOfAnotherStoreAndAnEmptyPrefix() {
    List<String> before = DamagedTier.keysOf(objects, "");
    try (LocalBlobStore other = DamagedTier.open(folder.resolve("other"))) {
      assertThatThrownBy(() -> repair(other, new FaultyObjectStore(objects), true))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("tier of another store");
      assertThatThrownBy(
              () -> repair(other, new FaultyObjectStore(new InMemoryObjectStore()), true))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("there is nothing here");
    }
    assertThat(DamagedTier.keysOf(objects, "")).isEqualTo(before);
  }

  @Test
  void shouldRepairAnEncryptedTierOnlyWithItsKeyAndWriteNothingPlain() {
    byte[] secret = new byte[32];
    Arrays.fill(secret, (byte) 7);
    FrameKeys keys = new FrameKeyRing(FrameKey.of(1, secret), List.of());
    InMemoryObjectStore keyed = new InMemoryObjectStore();
    try (LocalBlobStore store = DamagedTier.open(folder.resolve("keyed"))) {
      BlobModel held = new BlobModel();
      try (Tier tier =
          Tier.builder(store, new FaultyObjectStore(keyed))
              .config(DamagedTier.CONFIG)
              .keys(keys)
              .open()) {
        held.putRange(store, 0, 30, 1);
        tier.checkpoint(TierProgress.NONE);
        tier.evict(id -> id.low() == 5);
        held.putRange(store, 30, 50, 1);
        tier.checkpoint(TierProgress.NONE);
      }
      var _ = keyed.deleteAll(List.of(DamagedTier.keysOf(keyed, TierKeys.BATCHES).getFirst()));
      var _ = keyed.deleteAll(List.of(TierKeys.manifest(3)));
      assertThatThrownBy(() -> repair(store, new FaultyObjectStore(keyed), true))
          .isInstanceOf(WrongKeyException.class);
      RepairReport report =
          Tier.builder(store, new FaultyObjectStore(keyed))
              .config(DamagedTier.CONFIG)
              .keys(keys)
              .repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
      assertThat(report.lostBlobs()).isEqualTo(1);
      assertThat(report.uploadedBlobs()).isPositive();
      for (String key : DamagedTier.keysOf(keyed, TierKeys.BATCHES)) {
        byte[] bytes = DamagedTier.bytes(keyed, key);
        assertThat(Encryption.of(MemorySegment.ofArray(bytes)).state())
            .as(key)
            .isEqualTo(Encryption.State.KEYED);
        assertThat(indexOf(bytes, BlobModel.id(5).toBytes()))
            .as("the id of a lost blob in %s", key)
            .isNegative();
      }
    }
  }

  @Test
  void shouldNotCollectWithoutTheStoreWhereTheNewestManifestMayBeLost() {
    lose(TierKeys.manifest(6));
    lose(TierKeys.LATEST);
    List<String> batches = DamagedTier.keysOf(objects, TierKeys.BATCHES);
    CollectionConfig config = CollectionConfig.DEFAULTS.withRetainCount(1).withIntervalMs(0);
    assertThatThrownBy(() -> ForeignCollection.run(objects, null, config, false))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("the hint is missing");
    assertThat(DamagedTier.keysOf(objects, TierKeys.BATCHES)).isEqualTo(batches);
    repair();
    ForeignCollection.run(objects, null, config, false);
    assertWhole("restored");
  }

  @Test
  void shouldDeleteNoBatchWhileAManifestOfTheChainIsMissing() { // R5
    lose(TierKeys.manifest(3));
    List<String> batches = DamagedTier.keysOf(objects, TierKeys.BATCHES);
    try (LocalBlobStore store = store();
        Tier tier = DamagedTier.tier(store, objects)) {
      model.putRange(store, 0, 10, 4);
      tier.checkpoint(TierProgress.NONE);
      assertThatThrownBy(() -> tier.collect(false)).isInstanceOf(CorruptionException.class);
    }
    assertThat(DamagedTier.keysOf(objects, TierKeys.BATCHES)).containsAll(batches);
    repair();
    assertWhole("restored");
  }

  /** Ends the process at each request of a repair, applied or not, and repairs again. */
  @Tag("campaign")
  @Test
  void shouldRepairAgainWhereverItBrokeOff() {
    lose(batch(1));
    lose(TierKeys.manifest(4));
    InMemoryObjectStore damaged = copy(objects);
    int requests = -1;
    int broken = 0;
    for (int at = 0; requests < 0 || at < requests; at += requests < 0 ? 0 : STRIDE) {
      for (Outcome outcome : new Outcome[] {Outcome.ENDED, Outcome.APPLIED_ENDED}) {
        replace(damaged);
        FaultyObjectStore faulty = new FaultyObjectStore(objects);
        int end = requests < 0 ? Integer.MAX_VALUE : at;
        int[] count = new int[1];
        faulty.fault((request, key) -> count[0]++ == end ? outcome : Outcome.ANSWERED);
        try (LocalBlobStore store = store()) {
          repair(store, faulty, false);
          requests = Math.max(requests, count[0]);
        } catch (ProcessEnded | StoreException | CompletionException ended) {
          broken++;
        }
        assertLeftAsBefore(at + " " + outcome);
        repair();
        assertWhole("restored" + at + outcome);
      }
    }
    System.out.printf("repairs broken off: requests=%d, broken off=%d%n", requests, broken);
    assertThat(broken).isPositive();
  }

  /**
   * What is left can be restored at any time: R1. And no reader is told that retention dropped it.
   */
  private void assertLeftAsBefore(String when) {
    try (LocalBlobStore into = DamagedTier.open(folder.resolve("all" + when))) {
      Restore.restore(objects, into, TierProgress.NONE);
      model.assertHeldBy(into);
    } catch (StoreException damaged) {
      assertThat(damaged).as(when).isInstanceOf(CorruptionException.class);
    }
    try (LocalBlobStore into = DamagedTier.open(folder.resolve("left" + when))) {
      Restore.restore(
          objects,
          into,
          RestoreOptions.DEFAULTS.withLosses(RestoreOptions.Losses.GUESS),
          TierProgress.NONE);
      // One batch of 30 blobs, or a part of one, was lost with its batch.
      assertThat(into.stats().blobs()).as(when).isGreaterThanOrEqualTo(115);
      DamagedTier.contents(into).keySet().forEach(id -> assertThat(known(id)).isTrue());
    }
  }

  private static int indexOf(byte[] bytes, byte[] wanted) {
    for (int at = 0; at + wanted.length <= bytes.length; at++) {
      if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    return -1;
  }

  private static boolean known(BlobId id) {
    return id.low() < 150;
  }

  private static InMemoryObjectStore copy(InMemoryObjectStore from) {
    InMemoryObjectStore copy = new InMemoryObjectStore();
    DamagedTier.keysOf(from, "")
        .forEach(key -> copy.put(key, ObjectBody.of(DamagedTier.bytes(from, key))));
    return copy;
  }

  private void replace(InMemoryObjectStore with) {
    var _ = objects.deleteAll(DamagedTier.keysOf(objects, ""));
    DamagedTier.keysOf(with, "")
        .forEach(key -> objects.put(key, ObjectBody.of(DamagedTier.bytes(with, key))));
  }
}
