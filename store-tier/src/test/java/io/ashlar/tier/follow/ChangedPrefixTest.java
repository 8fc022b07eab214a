package io.ashlar.tier.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.restore.Restore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A follower continues the chain that it follows, even with a new writer, and no other chain. */
@Timeout(60)
class ChangedPrefixTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withCollection(
              CollectionConfig.DEFAULTS
                  .withIntervalMs(0)
                  .withRetainCount(1)
                  .withCompactBelowPercent(90));

  @TempDir Path folder;

  private final InMemoryObjectStore objects = new InMemoryObjectStore();
  private final BlobModel model = new BlobModel();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private LocalBlobStore store;
  private Tier tier;

  /** Three checkpoints after the claim. */
  @BeforeEach
  void begin() {
    store = local("origin");
    tier = tier(store, false);
    for (int i = 0; i < 3; i++) {
      checkpoint(i * 20, i);
    }
    assertThat(latest().sequence()).isEqualTo(4);
  }

  @AfterEach
  void end() throws Exception {
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
  }

  private LocalBlobStore local(String name) {
    LocalBlobStore made =
        LocalBlobStore.builder(folder.resolve(name))
            .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
            .open();
    opened.add(made);
    return made;
  }

  private Tier tier(LocalBlobStore from, boolean adopt) {
    Tier made =
        Tier.builder(from, new FaultyObjectStore(objects)).config(MANUAL).adopt(adopt).open();
    opened.add(made);
    return made;
  }

  private void checkpoint(int from, int seed) {
    model.putRange(store, from, from + 30, seed * 1000L);
    tier.checkpoint(TierProgress.NONE);
  }

  private FollowerStore follow() {
    return FollowerStore.open(new FaultyObjectStore(objects), FollowerConfig.DEFAULTS);
  }

  private TierManifest latest() {
    return Objects.requireNonNull(new ManifestStore(objects).latest());
  }

  private Map<String, byte[]> copy() {
    Map<String, byte[]> copy = new TreeMap<>();
    for (ObjectInfo object : objects.listAll("").toList()) {
      byte[] bytes = new byte[(int) object.length()];
      objects.get(object.key(), 0, MemorySegment.ofArray(bytes));
      copy.put(object.key(), bytes);
    }
    return copy;
  }

  private void replaceBy(Map<String, byte[]> others) {
    var _ = objects.deleteAll(objects.listAll("").map(ObjectInfo::key).toList());
    others.forEach((key, bytes) -> objects.put(key, ObjectBody.of(bytes)));
  }

  /** Each refresh is refused, keeps the checkpoint, and leaves no pin of its own. */
  private void assertRefused(FollowerStore follower, String message) {
    long before = follower.checkpoint();
    long blobs = follower.stats().blobs();
    List<ObjectInfo> pins = Pins.list(objects);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(follower::refresh)
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining(message);
      assertThat(follower.checkpoint()).isEqualTo(before);
      assertThat(follower.stats().blobs()).isEqualTo(blobs);
    }
    assertThat(Pins.list(objects)).isEqualTo(pins);
  }

  @Test
  void shouldReadABaseAnewWhoseBatchesAreOthers() {
    try (FollowerStore follower = follow()) {
      List<BatchReference> before = batches();
      model.putRange(store, 10, 200, 9);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.collect(false).batchesCompacted()).isPositive();
      // So an index that only compares the number of batches would look complete.
      assertThat(latest().isBase()).isTrue();
      assertThat(batches().size()).isGreaterThan(before.size());
      assertThat(batches().subList(0, before.size())).isNotEqualTo(before);
      assertThat(follower.refresh()).isTrue();
      model.assertHeldBy(follower);
    }
  }

  private List<BatchReference> batches() {
    return ManifestChain.read(new ManifestStore(objects), latest()).batchesNewestFirst().reversed();
  }

  @Test
  void shouldGoOnWithTheStoreThatAdoptedThePrefix() {
    try (FollowerStore follower = follow()) {
      LocalBlobStore restored = local("restored");
      Restore.restore(objects, restored, TierProgress.NONE);
      store = restored;
      tier = tier(restored, true);
      assertThat(follower.refresh()).isTrue();
      model.assertHeldBy(follower);
      checkpoint(50, 7);
      assertThat(tier.collect(false).batchesCompacted()).isPositive();
      checkpoint(70, 8);
      assertThat(follower.refresh()).isTrue();
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldSayThatThePrefixIsEmpty() {
    try (FollowerStore follower = follow()) {
      replaceBy(Map.of());
      assertRefused(follower, "there is no checkpoint to follow");
    }
  }

  @Test
  void shouldSayThatThePrefixHoldsAnotherStores() {
    Map<String, byte[]> own = copy();
    for (int checkpoints : new int[] {1, 3, 6}) { // fewer, as many and more
      replaceBy(own);
      try (FollowerStore follower = follow()) {
        replaceBy(Map.of());
        store = local("other" + checkpoints);
        tier = tier(store, false);
        for (int i = 0; i < checkpoints; i++) {
          checkpoint(i, i);
        }
        assertRefused(follower, "followed=4/");
        // Not even once its first manifests are gone.
        checkpoint(5, 5);
        var _ = tier.collect(false);
        var _ = tier.collect(false);
        assertThat(new ManifestStore(objects).find(1)).isNull();
        assertRefused(follower, "newest=" + latest().sequence() + "/");
      }
    }
  }

  /** A later generation may be that of who took over; the manifest that was followed is not its. */
  @Test
  void shouldSayThatThePrefixHoldsAnotherStoresOfALaterGeneration() {
    try (FollowerStore follower = follow()) {
      replaceBy(Map.of());
      store = local("other");
      tier(store, false).close();
      tier = tier(store, false);
      for (int i = 0; i < 4; i++) {
        checkpoint(i, i);
      }
      assertThat(latest().generation()).isEqualTo(2);
      assertRefused(follower, "newest=6/");
      // And where the chain begins later, as long as that manifest is kept.
      try (Pins.Pinned _ = Objects.requireNonNull(Pins.take(objects, 4, "a reader"))) {
        checkpoint(5, 5);
        assertThat(tier.collect(false).batchesCompacted()).isPositive();
        assertThat(latest().collection().baseSequence()).isGreaterThan(4);
        assertRefused(follower, "newest=" + latest().sequence() + "/");
      }
    }
  }

  /** Nothing of an index with gaps is gone on from. */
  @Test
  void shouldReadAnewWhatWasLostWhenItIsBack() {
    Map<String, byte[]> whole = copy();
    String lost = batches().getFirst().name();
    var _ = objects.deleteAll(List.of(lost));
    try (FollowerStore follower = follow()) {
      assertThatThrownBy(() -> model.assertHeldBy(follower))
          .isInstanceOf(CorruptionException.class);
      objects.put(lost, ObjectBody.of(Objects.requireNonNull(whole.get(lost))));
      checkpoint(60, 4);
      assertThat(follower.refresh()).isTrue();
      model.assertHeldBy(follower);
    }
  }

  @Test
  void shouldSayThatThePrefixWasPutBack() {
    Map<String, byte[]> earlier = copy();
    checkpoint(60, 4);
    try (FollowerStore follower = follow()) {
      replaceBy(earlier);
      assertRefused(follower, "newest=4/");
    }
  }

  @Test
  void shouldNotGoBackWhereTheNewestManifestIsLost() {
    try (FollowerStore follower = follow()) {
      var _ = objects.deleteAll(List.of(TierKeys.LATEST, TierKeys.manifest(4)));
      assertRefused(follower, "newest=3/");
    }
  }

  /** A read that was about to use it takes the newer one; its memory is freed. */
  @Test
  void shouldNotKeepACheckpointThatItsLastReaderHasLeft() {
    FollowedCheckpoint followed =
        new FollowedCheckpoint(new TierObjects(objects, null), FollowerConfig.DEFAULTS);
    CheckpointIndex before = followed.current();
    checkpoint(60, 9);
    assertThat(followed.refresh()).isTrue();
    assertThat(before.retain()).as("while it is read").isTrue();
    before.release();
    before.release();
    assertThat(before.retain()).as("once it was left").isFalse();
    CheckpointIndex now = followed.current();
    assertThat(now).isNotSameAs(before);
    now.release();
    assertThat(followed.close(() -> {})).isTrue();
  }
}
