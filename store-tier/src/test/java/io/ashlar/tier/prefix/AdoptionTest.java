package io.ashlar.tier.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.upload.TieringAgent;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A store adopts a prefix only if it holds what was tiered there. */
@Timeout(60)
class AdoptionTest {
  @TempDir Path folder;

  private final InMemoryObjectStore objects = new InMemoryObjectStore();
  private final TierObjects plain = new TierObjects(objects, null);
  private final BlobModel model = new BlobModel();

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  private void tierBlobs(int count) {
    try (LocalBlobStore store = local("store");
        TieringAgent agent =
            TieringAgent.open(
                store,
                (TierSource) store,
                plain,
                TierConfig.DEFAULTS.withIntervalMs(0),
                new Allowed(false, false))) {
      model.putRange(store, 0, count, 1);
      agent.checkpoint(TierProgress.NONE);
    }
  }

  private BlobLocations chain() {
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest latest = Objects.requireNonNull(manifests.latest());
    BlobLocations chain =
        new BlobLocations(() -> ManifestChain.read(manifests, latest).batchesNewestFirst());
    while (chain.hasUnread()) {
      chain.readNext(new BatchReader(plain), true);
    }
    return chain;
  }

  @Test
  void shouldCountADeleteAsDifferentOnlyIfTheTierHasTheBlob() {
    tierBlobs(20);
    try (LocalBlobStore next = local("next");
        BlobLocations chain = chain()) {
      Restore.restore(objects, next, TierProgress.NONE);
      TierSource source = (TierSource) next;
      source.markTiered(); // deletes are kept from now on
      Adoption adoption = new Adoption(source, chain, "prefix");

      model.put(next, 999, 1, 1000);
      model.delete(next, 999);
      assertThat(next.stats().tombstones()).isEqualTo(1);
      MarkWait.forEpoch(source, next.durableEpoch());
      assertThat(adoption.check()).isPositive();

      model.delete(next, 7);
      MarkWait.forEpoch(source, next.durableEpoch());
      assertThatThrownBy(adoption::check)
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("blobs there=20, the same here=19")
          .hasMessageContaining("changed since=0, different here=1");
    }
  }
}
