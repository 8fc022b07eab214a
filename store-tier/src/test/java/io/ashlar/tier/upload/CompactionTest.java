package io.ashlar.tier.upload;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.Lineage;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A manifest names every batch that was copied until it is not read any more, so few are. */
@Timeout(60)
class CompactionTest {
  private static final TierConfig CONFIG =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);

  @TempDir Path folder;

  private final InMemoryObjectStore objects = new InMemoryObjectStore();

  private Compaction.Result compact(int replacedMax) {
    TierObjects plain = new TierObjects(objects, null);
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest latest = Objects.requireNonNull(manifests.latest());
    ManifestChain chain = ManifestChain.read(manifests, latest);
    TierWriter writer = new TierWriter(manifests, Lineage.withoutStore(), latest);
    try (BlobLocations locations = new BlobLocations(chain::batchesNewestFirst)) {
      Compaction compaction =
          new Compaction(
              plain,
              writer,
              locations,
              new BatchReader(plain),
              new Sending(Runnable::run, 64 << 10, () -> BackgroundWork.UNPACED));
      return Objects.requireNonNull(compaction.run(chain.manifests(), 100, replacedMax));
    }
  }

  @Test
  void shouldRewriteNoMoreBatchesThanItMay() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = LocalBlobStore.builder(folder.resolve("store")).open();
        Tier tier = Tier.builder(store, new FaultyObjectStore(objects)).config(CONFIG).open()) {
      model.putRange(store, 0, 40, 1);
      tier.checkpoint(TierProgress.NONE);
      for (int i = 0; i < 40; i += 2) {
        model.put(store, i, 7, 10);
      }
      tier.checkpoint(TierProgress.NONE);
    }
    assertThat(compact(100).replaced()).hasSizeGreaterThan(2);
    assertThat(compact(2).replaced()).hasSize(2);
    assertThat(compact(0).replaced()).isEmpty();
  }
}
