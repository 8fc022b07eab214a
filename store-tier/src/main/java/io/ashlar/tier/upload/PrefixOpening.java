package io.ashlar.tier.upload;

import io.ashlar.store.BlobStore;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.Upkeep;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.fetch.ColdReferenceCodec;
import io.ashlar.tier.object.ObjectStore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens a prefix for a store: decides whether the store may write there, and claims it.
 *
 * <table>
 *   <caption>What becomes of it</caption>
 *   <tr><th>the newest manifest</th><th></th></tr>
 *   <tr><td>none</td><td>fresh: the store becomes its writer, generation 1; refused if blobs are
 *       evicted, as they are in another tier</td></tr>
 *   <tr><td>of this store</td><td>goes on after its last record sequence; refused if the store has
 *       not reached that, or if a later open of it wrote there: it is older than its tier</td></tr>
 *   <tr><td>of another store, adopt</td><td>taken over, if the content is the same, blob by blob
 *       ({@link Adoption})</td></tr>
 *   <tr><td>of another store</td><td>refused</td></tr>
 * </table>
 *
 * <p>Everything is checked before the claim, which is the first thing written; it is a manifest of
 * the next generation without batches, and fences whoever wrote before. Of several that claim at
 * once one wins a sequence; the others look again, and each goes on only after the one before.
 *
 * <p>Thread: one. Made for one opening.
 */
final class PrefixOpening {
  private static final int CLAIM_ATTEMPTS_MAX = 8;

  private final BlobStore store;
  private final TierSource source;
  private final ObjectStore objects;
  private final ManifestStore manifests;
  private final boolean adopt;

  PrefixOpening(BlobStore store, TierSource source, ObjectStore objects, boolean adopt) {
    this.store = store;
    this.source = source;
    this.objects = objects;
    this.manifests = new ManifestStore(objects);
    this.adopt = adopt;
  }

  /** A prefix that was claimed; the locations are to be closed. */
  record Opened(TierWriter writer, BlobLocations locations) {}

  /**
   * Claims the prefix.
   *
   * @throws StoreOpenException if the store may not write there; the message names the way out.
   * @throws FencedException if others keep claiming it.
   * @throws io.ashlar.store.CorruptionException if the chain is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  Opened open() {
    FencedException lost = null;
    for (int attempt = 0; attempt < CLAIM_ATTEMPTS_MAX; attempt++) {
      TierManifest latest = manifests.latest();
      BlobLocations locations =
          new BlobLocations(() ->
              latest == null
                  ? List.of()
                  : ManifestChain.read(manifests, latest).batchesNewestFirst());
      try {
        TierManifest claim = checkedClaim(latest, locations);
        source.markTiered();
        manifests.commit(claim);
        manifests.hint(claim.sequence());
        if (store.stats().tombstones() > 0) {
          source.dropTombstones(claim.lastRecordSequence());
        }
        return new Opened(new TierWriter(manifests, claim), locations);
      } catch (FencedException e) {
        locations.close();
        lost = e;
      } catch (RuntimeException | Error e) {
        locations.close();
        throw e;
      }
    }
    throw new FencedException("other writers keep claiming this prefix: store=" + objects, lost);
  }

  private TierManifest checkedClaim(@Nullable TierManifest latest, BlobLocations locations) {
    if (latest == null) {
      checkFresh();
      return claim(null, 0, 0);
    }
    if (latest.generation() >= ColdReferenceCodec.NUMBER_MAX) {
      throw new StoreOpenException(
          "this prefix was opened too often; restore to another prefix: store=" + objects, null);
    }
    if (latest.storeId() == source.storeId()) {
      checkNotOlder(latest);
      return claim(latest, latest.lastRecordSequence(), latest.lastEpoch());
    }
    if (!adopt) {
      throw new StoreOpenException(
          "this prefix is the tier of another store: tier it to another prefix; or, if it was"
              + " restored from here and replaces that store, open it with adopt: prefix="
              + objects
              + ", its store="
              + Long.toHexString(latest.storeId())
              + ", this store="
              + Long.toHexString(source.storeId()),
          null);
    }
    return adoptedClaim(latest, locations);
  }

  private void checkFresh() {
    long evicted = store.stats().evictedBlobs();
    if (evicted > 0) {
      throw new StoreOpenException(
          "this prefix is empty, and the store has blobs that are in another tier only: open it"
              + " with the prefix it was evicted to: prefix="
              + objects
              + ", evicted="
              + evicted,
          null);
    }
  }

  private void checkNotOlder(TierManifest latest) {
    MarkWait.forSequence(source, latest.lastRecordSequence());
    long marked = source.markedSequence();
    boolean laterOpen = Long.compareUnsigned(latest.incarnation(), source.incarnation()) > 0;
    if (marked < latest.lastRecordSequence() || laterOpen) {
      throw new StoreOpenException(
          "this store's file is older than its tier, as a copy or a backup is: restore it from"
              + " the tier, or tier it to another prefix as a store of its own: prefix="
              + objects
              + ", tier's sequence="
              + latest.lastRecordSequence()
              + ", file's sequence="
              + marked
              + ", tier's incarnation="
              + Long.toUnsignedString(latest.incarnation())
              + ", file's incarnation="
              + Long.toUnsignedString(source.incarnation()),
          null);
    }
  }

  private TierManifest adoptedClaim(TierManifest latest, BlobLocations locations) {
    BatchReader reader = new BatchReader(objects);
    while (locations.hasUnread()) {
      locations.readNext(reader, true);
    }
    // Else what was just restored would be taken for changed since, and uploaded again.
    MarkWait.forEpoch(source, store.durableEpoch());
    Adoption adoption = new Adoption(source, locations, objects.toString());
    // Once before anything local is changed, and once after deletes have begun to be kept: what is
    // deleted between the two is noticed, what is deleted later leaves a tombstone.
    adoption.check();
    source.markTiered();
    long epoch = source.markedEpoch();
    long sequence = adoption.check();
    return claim(latest, sequence, epoch);
  }

  private TierManifest claim(@Nullable TierManifest latest, long recordSequence, long epoch) {
    long parent = latest == null ? 0 : latest.sequence();
    return new TierManifest(
        source.storeId(),
        source.incarnation(),
        latest == null ? 1 : latest.generation() + 1,
        parent + 1,
        TierManifest.newId(),
        parent,
        recordSequence,
        epoch,
        System.currentTimeMillis(),
        List.of(),
        latest == null ? Upkeep.NONE : latest.upkeep().withMinInflight(0));
  }
}
