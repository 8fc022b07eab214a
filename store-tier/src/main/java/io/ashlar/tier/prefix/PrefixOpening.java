package io.ashlar.tier.prefix;

import io.ashlar.store.BlobStore;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.ColdReferenceCodec;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Opens a prefix for a store: decides whether the store may write there, and claims it.
 *
 * <table>
 *   <caption>What becomes of it</caption>
 *   <tr><th>the newest manifest</th><th></th></tr>
 *   <tr><td>none</td><td>fresh: the store becomes its writer, generation 1; refused if blobs are
 *       evicted, as they are in another tier</td></tr>
 *   <tr><td>of this store</td><td>continued after its last record sequence. Refused as a copy, or as damaged, if the store's file has not noted it ({@link Lineage}) or has not reached that sequence or open</td></tr>
 *   <tr><td>of another store, adopt</td><td>taken over, if the content is the same, blob by blob
 *       ({@link Adoption})</td></tr>
 *   <tr><td>of another store</td><td>refused</td></tr>
 * </table>
 *
 * <p>{@link PrefixEncryption} decides whether it may be written with these keys, or without.
 *
 * <p>Everything is checked before the claim, which is the first object written. The claim is a
 * manifest of the next generation without batches, and fences the earlier writer. The store's file
 * notes each attempt before it is sent. Of several claims at the same time, one wins the sequence.
 * The other writers look again; they are refused unless the manifest is their own or a
 * collection's.
 *
 * <p>Thread: one. Made for one opening.
 */
public final class PrefixOpening {
  private static final int CLAIM_ATTEMPTS_MAX = 8;

  private final BlobStore store;
  private final TierSource source;
  private final TierObjects objects;
  private final ManifestStore manifests;
  private final Lineage lineage;
  private final boolean adopt;
  private final PrefixEncryption encryption;

  public PrefixOpening(BlobStore store, TierSource source, TierObjects objects, Allowed allowed) {
    this.store = store;
    this.source = source;
    this.objects = objects;
    this.manifests = new ManifestStore(objects.store());
    this.lineage = Lineage.of(source);
    this.adopt = allowed.adopt();
    this.encryption = new PrefixEncryption(objects, manifests, allowed.mixedEncryption());
  }

  /** A prefix that was claimed; the locations are to be closed. */
  public record Opened(TierWriter writer, BlobLocations locations) {}

  /**
   * Claims the prefix.
   *
   * @throws StoreOpenException if the store may not write there; the message names the way out.
   * @throws io.ashlar.store.WrongKeyException if what is there is encrypted, and its key is not
   *     given.
   * @throws FencedException if others keep claiming it.
   * @throws io.ashlar.store.StoreFailedException if the store cannot note the claim; nothing was
   *     sent.
   * @throws io.ashlar.store.CorruptionException if the chain is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public Opened open() {
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
        lineage.sending(latest, claim); // L32: nothing is sent if this throws
        manifests.commit(claim);
        if (latest != null) { // else nothing can rely on it yet
          lineage.settled(claim);
        }
        manifests.hint(claim);
        if (store.stats().tombstones() > 0) {
          source.dropTombstones(claim.lastRecordSequence());
        }
        return new Opened(new TierWriter(manifests, lineage, claim), locations);
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
      return claim(null, 0, 0, encryption.admitted(null));
    }
    if (latest.generation() >= ColdReferenceCodec.NUMBER_MAX) {
      throw new StoreOpenException(
          "this prefix was opened too often; restore to another prefix: store=" + objects, null);
    }
    if (latest.storeId() == source.storeId()) {
      lineage.check(latest, store.stats().evictedBlobs(), objects);
      checkNotOlder(latest);
      return claim(
          latest, latest.lastRecordSequence(), latest.lastEpoch(), encryption.admitted(latest));
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
    return adoptedClaim(latest, locations, encryption.admitted(latest));
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

  private TierManifest adoptedClaim(
      TierManifest latest, BlobLocations locations, Encryption encrypted) {
    BatchReader reader = new BatchReader(objects);
    while (locations.hasUnread()) {
      locations.readNext(reader, true);
    }
    // Otherwise what was just restored would count as changed since, and be uploaded again.
    MarkWait.forEpoch(source, store.durableEpoch());
    Adoption adoption = new Adoption(source, locations, objects.toString());
    // Once before anything local is changed, and once after deletes have begun to be kept: what is
    // deleted between the two is noticed, what is deleted later leaves a tombstone.
    adoption.check();
    source.markTiered();
    long epoch = source.markedEpoch();
    long sequence = adoption.check();
    return claim(latest, sequence, epoch, encrypted);
  }

  private TierManifest claim(
      @Nullable TierManifest latest, long recordSequence, long epoch, Encryption encrypted) {
    CollectionState collection =
        latest == null ? CollectionState.NONE : latest.collection().ofClaim();
    long parent = latest == null ? 0 : latest.sequence();
    UUID putId = TierManifest.newId();
    return new TierManifest(
        new TierManifest.Writer(
            source.storeId(), source.incarnation(), latest == null ? 1 : latest.generation() + 1),
        parent + 1,
        new TierManifest.Stamp(putId, System.currentTimeMillis()),
        new TierManifest.Reach(recordSequence, epoch),
        List.of(),
        collection.withEncryption(encrypted),
        lineage.after(latest, putId));
  }
}
