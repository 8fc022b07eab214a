package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobLease;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.WrongKeyException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.TierManifestCodec;
import io.ashlar.tier.collect.Scrub;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeyRing;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import io.ashlar.tier.upload.ForeignCollection;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which keys a tier takes, and who can read what with which. */
class EncryptedTierTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(256 << 10);

  private static final FrameKey ONE = key(1, "0123456789abcdef");
  private static final FrameKey OTHER_ONE = key(1, "0123456789abcdeX");
  private static final FrameKey TWO = key(2, "abcdef0123456789");

  private static final FrameKeyRing FIRST = new FrameKeyRing(ONE, List.of());
  private static final FrameKeyRing BOTH = new FrameKeyRing(TWO, List.of(ONE));
  private static final FrameKeyRing SECOND = new FrameKeyRing(TWO, List.of());
  private static final FrameKeyRing FALSE_FIRST = new FrameKeyRing(OTHER_ONE, List.of());

  private final BlobModel model = new BlobModel();

  /** Stays open when a tier closes it. */
  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());

  @TempDir Path folder;
  private int stores;

  private static FrameKey key(int id, String bytes) {
    return FrameKey.of(id, bytes.getBytes(StandardCharsets.US_ASCII));
  }

  private LocalBlobStore local() {
    return LocalBlobStore.builder(folder.resolve("store" + stores++))
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
        .open();
  }

  private LocalBlobStore reopened(int number) {
    return LocalBlobStore.builder(folder.resolve("store" + number))
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
        .open();
  }

  private Tier.Builder tier(LocalBlobStore store, @Nullable FrameKeys keys) {
    return Tier.builder(store, objects).keys(keys).config(MANUAL);
  }

  private void write(@Nullable FrameKeys keys) {
    try (LocalBlobStore store = local();
        Tier tier = tier(store, keys).open()) {
      model.putRange(store, 0, 200, 1);
      model.put(store, 1000, 1, 1_200_000);
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(BlobModel.id(-1), MemorySegment.ofArray(new byte[10]));
        epoch.delete(BlobModel.id(-1));
        epoch.commit();
      }
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(200);
      model.assertHeldBy(store);
    }
  }

  private static RestoreOptions restoring(FrameKeys keys) {
    return RestoreOptions.DEFAULTS.withKeys(keys);
  }

  private FollowerStore follow(FrameKeys keys) {
    return FollowerStore.open(objects, FollowerConfig.DEFAULTS.withKeys(keys));
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(objects).latest());
  }

  @Test
  @Tag("campaign")
  void shouldTierEvictReadBackRestoreFollowScrubAndCollect() {
    write(FIRST);
    try (LocalBlobStore store = local()) {
      Restore.restore(objects, store, restoring(FIRST), TierProgress.NONE);
      model.assertHeldBy(store);
      RestoreOptions partial = restoring(FIRST).withLosses(RestoreOptions.Losses.SKIP);
      Restore.restore(objects, store, partial.withOnto(true), TierProgress.NONE);
      model.assertHeldBy(store);
      model.delete(store, 10);
      Restore.restore(objects, store, restoring(FIRST).withOnto(true), TierProgress.NONE);
      assertThat(store.contains(BlobModel.id(10))).isTrue();
      model.put(store, 10, 11, 10 * 977);
    }
    try (LocalBlobStore store = reopened(0);
        Tier tier = tier(store, FIRST).open()) {
      model.putRange(store, 0, 150, 2);
      tier.checkpoint(TierProgress.NONE);
      model.assertHeldBy(store);
    }
    assertThat(Scrub.run(objects, new Scrub.Options(0, null, FIRST), new Scrub.Listener() {}))
        .satisfies(report -> assertThat(report.clean()).isTrue());
    CollectionConfig newest = CollectionConfig.DEFAULTS.withRetainCount(1);
    assertThat(ForeignCollection.run(objects, FIRST, newest, false).manifestsDeleted())
        .isPositive();
    try (FollowerStore follower = follow(FIRST)) {
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldReadWhatOlderKeysSealedAndSealWithTheNewOne() {
    try (LocalBlobStore store = local();
        Tier tier = tier(store, FIRST).open()) {
      model.putRange(store, 0, 50, 1);
      tier.checkpoint(TierProgress.NONE);
    }
    try (LocalBlobStore two = reopened(0);
        Tier twoTier = tier(two, BOTH).open()) {
      model.putRange(two, 25, 75, 2);
      twoTier.checkpoint(TierProgress.NONE);
      twoTier.evict(id -> true);
      model.assertHeldBy(two);
    }
    try (FollowerStore follower = follow(BOTH)) {
      model.assertHeldBy(follower);
    }
    // The new key alone reads no old batch, and says which key is missing.
    assertThatThrownBy(() -> follow(SECOND))
        .isInstanceOf(WrongKeyException.class)
        .hasMessageContaining("key id=1");
    // It may write: what is newest is encrypted with it.
    try (LocalBlobStore store = reopened(0);
        Tier tier = tier(store, SECOND).open()) {
      assertThat(tier.tieredSequence()).isPositive();
    }
  }

  /** Keys that change their mind. */
  private static final class Rotating implements FrameKeys {
    private volatile FrameKeys now = FIRST;

    @Override
    public FrameKey current() {
      return now.current();
    }

    @Override
    public @Nullable FrameKey find(int id) {
      return now.find(id);
    }
  }

  @Test
  void shouldSayInTheManifestWhichKeyTheNewestBatchHas() {
    Rotating keys = new Rotating();
    try (LocalBlobStore store = local();
        Tier tier = tier(store, keys).open()) {
      assertThat(latest().collection().encryption().keyId()).isEqualTo(1);
      model.putRange(store, 0, 50, 1);
      tier.checkpoint(TierProgress.NONE);
      keys.now = BOTH;
      model.putRange(store, 0, 50, 2);
      tier.checkpoint(TierProgress.NONE);
      assertThat(latest().collection().encryption().keyId()).isEqualTo(2);
    }
  }

  @Tag("campaign")
  @Test
  void shouldTellAWrongKeyFromDamageWhoeverReads() {
    write(FIRST);
    for (FrameKeys wrong : Arrays.asList(FALSE_FIRST, SECOND, null)) {
      try (LocalBlobStore store = local()) {
        assertThatThrownBy(
                () -> Restore.restore(objects, store, restoring(wrong), TierProgress.NONE))
            .isInstanceOf(WrongKeyException.class)
            .hasMessageContaining("batches/");
      }
      assertThatThrownBy(() -> follow(wrong)).isInstanceOf(WrongKeyException.class);
      assertThatThrownBy(
              () -> Scrub.run(objects, new Scrub.Options(0, null, wrong), new Scrub.Listener() {}))
          .isInstanceOf(WrongKeyException.class);
      long sequence = latest().sequence();
      CollectionConfig newest = CollectionConfig.DEFAULTS.withRetainCount(1);
      assertThatThrownBy(() -> ForeignCollection.run(objects, wrong, newest, false))
          .isInstanceOf(WrongKeyException.class);
      try (LocalBlobStore store = reopened(0)) {
        assertThatThrownBy(() -> tier(store, wrong).open()).isInstanceOf(WrongKeyException.class);
      }
      // No writer was fenced, and nothing was written.
      assertThat(latest().sequence()).isEqualTo(sequence);
    }
    // Without dropping anything no batch is read, so no key is needed.
    assertThat(ForeignCollection.run(objects, null, CollectionConfig.DEFAULTS, false).pins())
        .isZero();
    for (ObjectInfo object : objects.listAll(TierKeys.BATCHES).toList()) {
      byte[] bytes = new byte[(int) object.length()];
      objects.get(object.key(), 0, MemorySegment.ofArray(bytes));
      bytes[bytes.length / 2] ^= 1;
      objects.put(object.key(), ObjectBody.of(bytes));
    }
    try (LocalBlobStore store = local()) {
      assertThatThrownBy(() -> Restore.restore(objects, store, restoring(FIRST), TierProgress.NONE))
          .isInstanceOf(CorruptionException.class);
    }
  }

  @Test
  void shouldRefuseToGoOnWithoutKeysUnlessMixingIsAllowed() {
    write(FIRST);
    List<String> before = objects.listAll("").map(ObjectInfo::key).toList();
    try (LocalBlobStore store = reopened(0)) {
      model.put(store, 2000, 3, 5_000);
      assertThatThrownBy(() -> tier(store, null).open())
          .isInstanceOf(WrongKeyException.class)
          .hasMessageContaining("no keys were given")
          .hasMessageContaining("key id=1")
          .hasMessageContaining("open it with the keys");
      assertThat(objects.listAll("").map(ObjectInfo::key)).isEqualTo(before);
      try (Tier mixed = tier(store, null).mixedEncryption(true).open()) {
        assertThat(mixed.checkpoint(TierProgress.NONE).blobs()).isEqualTo(1);
        try (BlobLease lease = store.get(BlobModel.id(2000))) {
          assertThat(lease).isNotNull();
        }
        assertThatThrownBy(() -> store.get(BlobModel.id(5)))
            .isInstanceOf(WrongKeyException.class)
            .hasMessageContaining(BlobModel.id(5).toString());
      }
      try (Tier again = tier(store, null).open()) {
        assertThat(again.checkpoint(TierProgress.NONE).blobs()).isZero();
      }
    }
  }

  @Test
  void shouldRefuseKeysForAPrefixWithPlainBatchesUnlessMixingIsAllowed() {
    write(null);
    List<String> before = objects.listAll("").map(ObjectInfo::key).toList();
    try (LocalBlobStore store = reopened(0)) {
      model.putRange(store, 0, 100, 7);
      assertThatThrownBy(() -> tier(store, FIRST).open())
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("not encrypted")
          .hasMessageContaining("tier to another prefix");
      assertThat(objects.listAll("").map(ObjectInfo::key)).isEqualTo(before);
      try (Tier mixed = tier(store, FIRST).mixedEncryption(true).open()) {
        mixed.checkpoint(TierProgress.NONE);
      }
      // From now on it has keys.
      assertThatThrownBy(() -> tier(store, null).open()).isInstanceOf(WrongKeyException.class);
      try (Tier keyed = tier(store, FIRST).open()) {
        keyed.evict(id -> true);
        model.assertHeldBy(store);
      }
    }
    try (FollowerStore follower = follow(FIRST)) {
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldTakeKeysWhereNoBatchIsYetAndKeepToThem() {
    try (LocalBlobStore store = local()) {
      tier(store, null).open().close();
      tier(store, FIRST).open().close();
      assertThatThrownBy(() -> tier(store, null).open()).isInstanceOf(WrongKeyException.class);
    }
  }

  /** What an earlier release wrote does not say how it is encrypted. */
  private void forgetInManifests() {
    ManifestStore manifests = new ManifestStore(objects);
    for (long s = latest().sequence(); s > 0; s--) {
      TierManifest m = Objects.requireNonNull(manifests.find(s));
      CollectionState collection =
          m.collection().withEncryption(io.ashlar.tier.batch.Encryption.UNKNOWN);
      TierManifest old =
          new TierManifest(
              new TierManifest.Writer(m.storeId(), m.incarnation(), m.generation()),
              m.sequence(),
              new TierManifest.Stamp(m.putId(), m.createdMs()),
              new TierManifest.Reach(m.lastRecordSequence(), m.lastEpoch()),
              m.batches(),
              collection,
              m.lineage());
      objects.put(m.key(), ObjectBody.of(TierManifestCodec.encode(old)));
    }
  }

  @Test
  void shouldAskTheNewestBatchWhereTheManifestDoesNotSay() {
    write(FIRST);
    forgetInManifests();
    try (LocalBlobStore store = reopened(0)) {
      assertThatThrownBy(() -> tier(store, null).open())
          .isInstanceOf(WrongKeyException.class)
          .hasMessageContaining("key id=1");
      assertThatThrownBy(() -> tier(store, FALSE_FIRST).open())
          .isInstanceOf(WrongKeyException.class)
          .hasMessageContaining("another key was given under its id");
      tier(store, FIRST).open().close();
    }
    assertThat(latest().collection().encryption().keyId()).isEqualTo(1);
  }

  @Test
  void shouldAskTheNewestBatchOfAPlainTierWhereTheManifestDoesNotSay() {
    write(null);
    forgetInManifests();
    try (LocalBlobStore store = reopened(0)) {
      assertThatThrownBy(() -> tier(store, FIRST).open()).isInstanceOf(StoreOpenException.class);
      tier(store, null).open().close();
    }
  }
}
