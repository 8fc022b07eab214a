package io.ashlar.tier.upload;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.ChangeList;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.Allowed;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.PrefixOpening;
import io.ashlar.tier.restore.Restore;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TieringPassTest {
  private static final int MANIFEST_BATCHES_MAX = 5;

  @TempDir Path folder;

  private LocalBlobStore local(String name) {
    return LocalBlobStore.builder(folder.resolve(name))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  @Test
  void shouldWriteSeveralManifestsWhenOneCannotHoldAllBatches() throws Exception {
    BlobModel model = new BlobModel();
    try (InMemoryObjectStore objects = new InMemoryObjectStore();
        ExecutorService sender = Executors.newSingleThreadExecutor();
        LocalBlobStore store = local("a")) {
      model.putRange(store, 0, 300, 1);
      while (((TierSource) store).markedEpoch() < store.durableEpoch()) {
        Thread.sleep(1);
      }
      long through = ((TierSource) store).markedSequence();
      TierObjects plain = new TierObjects(objects, null);
      Allowed nothing = new Allowed(false, false);
      PrefixOpening.Opened opened =
          new PrefixOpening(store, (TierSource) store, plain, nothing).open();
      CheckpointReport report;
      try (BlobLocations locations = opened.locations();
          TierSnapshot snapshot = ((TierSource) store).tierSnapshot();
          ChangeList changes = TieringPass.select(snapshot, 0, through, BackgroundWork.UNPACED);
          BatchPacker packer =
              new BatchPacker(
                  snapshot,
                  plain,
                  opened.writer(),
                  locations,
                  new Sending(sender, 64 << 10, () -> BackgroundWork.UNPACED),
                  1)) {
        report =
            new TieringPass(opened.writer(), packer, TierProgress.NONE, MANIFEST_BATCHES_MAX)
                .run(changes, through, 1);
      }
      assertThat(report.blobs()).isEqualTo(300);
      ManifestStore manifests = new ManifestStore(objects);
      List<TierManifest> chain =
          ManifestChain.read(manifests, Objects.requireNonNull(manifests.latest())).manifests();
      assertThat(chain).hasSizeGreaterThan(3);
      assertThat(chain).allMatch(m -> m.batches().size() <= MANIFEST_BATCHES_MAX);
      assertThat(chain.subList(0, chain.size() - 1)).allMatch(m -> m.lastRecordSequence() == 0);
      assertThat(chain.getLast().lastRecordSequence()).isEqualTo(through);
      assertThat(chain.stream().mapToLong(m -> m.batches().size()).sum())
          .isEqualTo(report.batches());
      try (LocalBlobStore restored = local("b")) {
        Restore.restore(objects, restored, TierProgress.NONE);
        model.assertHeldBy(restored);
      }
    }
  }
}
