package io.ashlar.tier.upload;

import io.ashlar.store.StoreOpenException;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.UpkeepConfig;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.fetch.ColdReferenceCodec;
import io.ashlar.tier.object.ObjectStore;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A collection of a prefix whose store is not open: as {@link UpkeepPass}, but for compaction,
 * since the store's evicted blobs could not be moved.
 *
 * <p>It takes the prefix over for the time being, in the name of its store: a manifest of the next
 * generation. So a store that is open there after all is fenced, and goes on once it is opened
 * again. A dry run takes nothing over and writes nothing.
 *
 * <p>Thread: the caller's.
 */
public final class ForeignCollection {
  private ForeignCollection() {}

  /**
   * Collects.
   *
   * @param objects the tier; stays the caller's.
   * @param config what is kept; with nothing dropped, only what failed uploads left is deleted, and
   *     what earlier collections did not come to.
   * @throws StoreOpenException if there is no tier.
   * @throws io.ashlar.store.FencedException if a store took over meanwhile.
   * @throws io.ashlar.store.CorruptionException if a manifest or batch is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static CollectionReport run(ObjectStore objects, UpkeepConfig config, boolean dryRun) {
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest latest = manifests.latest();
    if (latest == null) {
      throw new StoreOpenException(
          "there is nothing to collect: no manifest is below this prefix: prefix=" + objects, null);
    }
    if (!dryRun) {
      latest = claim(manifests, latest);
    }
    TierWriter writer = new TierWriter(manifests, latest);
    BatchReader reader = new BatchReader(objects);
    ManifestChain chain = ManifestChain.read(manifests, latest);
    try (BlobLocations locations = new BlobLocations(chain::batchesNewestFirst);
        ExecutorService sender = Executors.newSingleThreadExecutor()) {
      return new UpkeepPass(
              objects,
              manifests,
              writer,
              config,
              null,
              (manifestsOfChain, belowPercent, replacedMax) ->
                  new Compaction(
                          objects,
                          writer,
                          locations,
                          reader,
                          sender,
                          TierConfig.DEFAULTS.batchBytesTarget())
                      .run(manifestsOfChain, belowPercent, replacedMax),
              System::currentTimeMillis)
          .run(dryRun);
    }
  }

  private static TierManifest claim(ManifestStore manifests, TierManifest latest) {
    if (latest.generation() >= ColdReferenceCodec.NUMBER_MAX) {
      throw new StoreOpenException("this prefix was opened too often", null);
    }
    TierManifest claim =
        new TierManifest(
            latest.storeId(),
            latest.incarnation(),
            latest.generation() + 1,
            latest.sequence() + 1,
            TierManifest.newId(),
            latest.sequence(),
            latest.lastRecordSequence(),
            latest.lastEpoch(),
            System.currentTimeMillis(),
            List.of(),
            latest.upkeep().withMinInflight(0));
    manifests.commit(claim);
    manifests.hint(claim.sequence());
    return claim;
  }
}
