package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is proved where one manifest in the middle of a chain is lost, to the very blob. */
class LostGapTest {
  private static final String LOST = TierKeys.manifest(3);

  @TempDir Path folder;

  private final InMemoryObjectStore objects = new InMemoryObjectStore();
  private final Set<Long> uncertain = new TreeSet<>();
  private List<BatchReference> ofLost = List.of();

  /** The claim, then blobs 0 to 29, then 10 to 19 anew in one batch, then 40 to 49. */
  @BeforeEach
  void tier() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = DamagedTier.open(folder.resolve("store"));
        Tier tier = DamagedTier.tier(store, objects)) {
      long[][] ranges = {{0, 30}, {10, 20}, {40, 50}};
      for (long[] range : ranges) {
        model.putRange(store, range[0], range[1], range[0] + 1);
        tier.checkpoint(TierProgress.NONE);
      }
    }
    TierManifest lost = Objects.requireNonNull(new ManifestStore(objects).find(3));
    ofLost = lost.batches();
    assertThat(ofLost).hasSize(1);
  }

  private Set<Long> restored(RestoreOptions.Losses losses) {
    uncertain.clear();
    Set<Long> ids = new TreeSet<>();
    try (LocalBlobStore into = DamagedTier.open(folder.resolve("into-" + losses))) {
      Restore.restore(
          objects,
          into,
          RestoreOptions.DEFAULTS.withLosses(losses),
          TierProgress.NONE,
          new LossListener() {
            @Override
            public void onUncertainBlob(BlobId id, long length, long sequence, boolean isRestored) {
              uncertain.add(id.low());
            }
          });
      into.forEach((high, low, length, local) -> ids.add(low));
    }
    return ids;
  }

  private static Set<Long> ids(long... fromAndTo) {
    Set<Long> ids = new TreeSet<>();
    for (int i = 0; i < fromAndTo.length; i += 2) {
      ids.addAll(
          LongStream.range(fromAndTo[i], fromAndTo[i + 1]).boxed().collect(Collectors.toSet()));
    }
    return ids;
  }

  /** Its batch is there, and no other can have been listed: only the ids of that are uncertain. */
  @Test
  void shouldDoubtOnlyTheIdsOfTheBatchesThatALostManifestMayHaveListed() {
    var _ = objects.deleteAll(List.of(LOST));
    assertThat(restored(RestoreOptions.Losses.SKIP)).isEqualTo(ids(0, 10, 20, 30, 40, 50));
    assertThat(uncertain).isEqualTo(ids(10, 20));
    assertThat(restored(RestoreOptions.Losses.GUESS)).isEqualTo(ids(0, 30, 40, 50));
  }

  /** The hint alone says that there was a batch. */
  @Test
  void shouldDoubtAllThatCameBeforeTheNewestManifestIfItsBatchIsGone() {
    List<BatchReference> ofNewest =
        Objects.requireNonNull(new ManifestStore(objects).find(4)).batches();
    assertThat(ofNewest).hasSize(1);
    var _ = objects.deleteAll(List.of(TierKeys.manifest(4), ofNewest.getFirst().name()));
    assertThat(restored(RestoreOptions.Losses.SKIP)).isEmpty();
    assertThat(uncertain).isEqualTo(ids(0, 30));
    assertThat(restored(RestoreOptions.Losses.GUESS)).isEqualTo(ids(0, 30));
  }

  /** Its batch is gone, too: it may have changed any blob that came before. */
  @Test
  void shouldDoubtAllThatCameBeforeALostManifestWhoseBatchIsGone() {
    var _ = objects.deleteAll(List.of(LOST, ofLost.getFirst().name()));
    assertThat(restored(RestoreOptions.Losses.SKIP)).isEqualTo(ids(40, 50));
    assertThat(uncertain).isEqualTo(ids(0, 30));
    assertThat(restored(RestoreOptions.Losses.GUESS)).isEqualTo(ids(0, 30, 40, 50));
  }
}
