package io.ashlar.tier.upload;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.Lineage;
import io.ashlar.tier.prefix.PrefixEncryption;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.ColdReferenceCodec;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * A collection of a prefix whose store is not open: {@link CollectionPass} without compaction,
 * which would have to move the references of the store's evicted blobs.
 *
 * <p>It takes the prefix over in the name of its store. Its claim, of the next generation, repeats
 * the {@linkplain TierManifest#lineage lineage} of the manifest before. If the store is open after
 * all, this fences it, and it continues once it is opened again. A dry run takes nothing over and
 * writes nothing.
 *
 * <p>Thread: the caller's.
 */
public final class ForeignCollection {
  private ForeignCollection() {}

  /**
   * Collects.
   *
   * @param objects the tier; stays the caller's.
   * @param keys its keys, for indexes of batches; null if it is not encrypted, or if nothing is
   *     dropped, as then no batch is read.
   * @param config what is kept. If it drops nothing, only leftovers of failed uploads and of
   *     earlier collections are deleted.
   * @throws StoreOpenException if there is no tier.
   * @throws io.ashlar.store.WrongKeyException if a batch would have to be read, and its key is not
   *     given; nothing was done then.
   * @throws io.ashlar.store.FencedException if a store took over meanwhile.
   * @throws CorruptionException if a manifest or batch is damaged, or the hint is missing or
   *     damaged: nothing was deleted.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static CollectionReport run(
      ObjectStore objects, @Nullable FrameKeys keys, CollectionConfig config, boolean dryRun) {
    ManifestStore manifests = new ManifestStore(objects);
    TierManifest latest = manifests.latest();
    if (latest == null) {
      throw new StoreOpenException(
          "there is nothing to collect: no manifest is below this prefix: prefix=" + objects, null);
    }
    checkNewest(objects, manifests);
    TierObjects keyed = new TierObjects(objects, keys);
    if (config.dropsCheckpoints()) {
      PrefixEncryption.checkReadable(keyed, latest.collection().encryption());
    }
    if (!dryRun) {
      latest = claim(manifests, latest);
    }
    TierWriter writer = new TierWriter(manifests, Lineage.withoutStore(), latest);
    BatchReader reader = new BatchReader(keyed);
    ManifestChain chain = ManifestChain.read(manifests, latest);
    try (BlobLocations locations = new BlobLocations(chain::batchesNewestFirst);
        ExecutorService sender = Executors.newSingleThreadExecutor()) {
      return new CollectionPass(
              objects,
              manifests,
              writer,
              config,
              null,
              (manifestsOfChain, belowPercent, replacedMax) ->
                  new Compaction(
                          keyed,
                          writer,
                          locations,
                          reader,
                          new Sending(
                              sender,
                              TierConfig.DEFAULTS.batchBytesTarget(),
                              () -> BackgroundWork.UNPACED))
                      .run(manifestsOfChain, belowPercent, replacedMax),
              System::currentTimeMillis)
          .run(dryRun);
    }
  }

  /**
   * Checks that the hint is there. Without the hint and the store, a lost newest manifest would go
   * unnoticed, and batches that only that manifest lists would count as unneeded.
   */
  private static void checkNewest(ObjectStore objects, ManifestStore manifests) {
    if (manifests.checkedHint().sequence() == 0) {
      throw new CorruptionException(
          "the hint is missing, so the newest manifest may be lost, too, and nothing is collected;"
              + " open the tier with its store, or "
              + Remedy.REPAIR
              + ": object="
              + TierKeys.LATEST
              + ", store="
              + objects,
          null,
          -1,
          0,
          0,
          null);
    }
  }

  private static TierManifest claim(ManifestStore manifests, TierManifest latest) {
    if (latest.generation() >= ColdReferenceCodec.NUMBER_MAX) {
      throw new StoreOpenException("this prefix was opened too often", null);
    }
    TierManifest claim =
        new TierManifest(
            new TierManifest.Writer(
                latest.storeId(), latest.incarnation(), latest.generation() + 1),
            latest.sequence() + 1,
            new TierManifest.Stamp(TierManifest.newId(), System.currentTimeMillis()),
            new TierManifest.Reach(latest.lastRecordSequence(), latest.lastEpoch()),
            List.of(),
            latest.collection().ofClaim(),
            latest.lineage());
    manifests.commit(claim);
    manifests.hint(claim);
    return claim;
  }
}
