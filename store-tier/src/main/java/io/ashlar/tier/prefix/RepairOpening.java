package io.ashlar.tier.prefix;

import io.ashlar.store.BlobStore;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Listings;
import io.ashlar.tier.collect.SurvivingChain;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.readback.ColdReferenceCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Takes over a damaged prefix for its store, so that no earlier writer can add to it.
 *
 * <p>The key of a lost manifest is free. A stale writer whose last manifest lies before it could
 * create a manifest there, and take it for the newest. So the claim goes <i>above</i> every
 * sequence that the listing, the hint, the boundary, the pins or the notes in the store's file
 * name. Then {@code gc/boundary} rises to just below the claim: a writer that creates a manifest
 * there finds itself fenced. A second listing shows what such a writer committed before that, and
 * ends the repair.
 *
 * <p>Thread: the tiering agent. Made for one repair.
 */
public final class RepairOpening {
  /** Generations that lost manifests at the end of the chain can have begun, at most. */
  private static final long GENERATIONS_LOST_MAX = 1_000;

  private final BlobStore store;
  private final TierSource source;
  private final ObjectStore objects;
  private final PrefixEncryption encryption;
  private final ManifestStore manifests;
  private final Lineage lineage;
  private final boolean alone;

  public RepairOpening(
      BlobStore store, TierSource source, TierObjects objects, Allowed allowed, boolean alone) {
    this.store = store;
    this.source = source;
    this.objects = objects.store();
    this.manifests = new ManifestStore(objects.store());
    this.encryption = new PrefixEncryption(objects, manifests, allowed.mixedEncryption());
    this.lineage = Lineage.of(source);
    this.alone = alone;
  }

  /**
   * A prefix that was taken over.
   *
   * @param chain what was left of the chain before.
   * @param batches every batch that is there, in the order of their numbers.
   */
  public record Opened(TierWriter writer, SurvivingChain chain, List<TierKeys.BatchName> batches) {}

  /**
   * Takes it over.
   *
   * @throws StoreOpenException if the store may not repair this prefix; the message says why.
   * @throws io.ashlar.store.WrongKeyException if what is left is encrypted, and its key is not
   *     given.
   * @throws FencedException if another writer is at work.
   * @throws io.ashlar.store.StoreFailedException if the store cannot note the claim.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public Opened open() {
    NavigableSet<Long> before = manifestsThere(); // first: what comes later is another writer's
    SurvivingChain chain = SurvivingChain.read(objects, 0);
    List<TierKeys.BatchName> batches = batchesThere();
    checkOwn(chain);
    Encryption encrypted = encryption.admittedToRepair(chain.newest(), batches);
    if (!alone && !manifests.boundary().canRise()) {
      throw new StoreOpenException(
          "this object store has no real put-if-match, so a writer that was fenced could add to"
              + " what is repaired: make sure that no other process writes to the prefix, and allow"
              + " it (alone):"
              + " prefix="
              + objects,
          null);
    }
    long through = Math.max(chain.sequence(), source.manifestNotes().sequenceMax());
    through = before.isEmpty() ? through : Math.max(through, before.last());
    TierManifest claim = claim(chain, batches, through, encrypted);
    source.markTiered();
    TierManifest newest = chain.newest();
    lineage.sending(newest != null && newest.sequence() == through ? newest : null, claim);
    manifests.commitAboveAll(claim);
    lineage.settled(claim);
    if (!manifests.boundary().repair(through, alone)) {
      throw new StoreOpenException(
          "this object store has no real put-if-match any more: prefix=" + objects, null);
    }
    long last = through;
    NavigableSet<Long> after = manifestsThere().headSet(last, true);
    after.removeAll(before);
    if (!after.isEmpty()) {
      throw new FencedException(
          "another writer is at work in this prefix: stop it, and repair again: object="
              + TierKeys.manifest(after.last())
              + ", store="
              + objects,
          null);
    }
    return new Opened(new TierWriter(manifests, lineage, claim), chain, batches);
  }

  private NavigableSet<Long> manifestsThere() {
    NavigableSet<Long> there = new TreeSet<>();
    Listings.forEach(
        objects,
        TierKeys.MANIFESTS,
        object -> {
          long sequence = TierKeys.manifestSequence(object.key());
          if (sequence > 0) {
            there.add(sequence);
          }
          return true;
        });
    return there;
  }

  private List<TierKeys.BatchName> batchesThere() {
    List<TierKeys.BatchName> there = new ArrayList<>();
    Listings.forEach(
        objects,
        TierKeys.BATCHES,
        object -> {
          TierKeys.BatchName name = TierKeys.batchName(object.key());
          if (name != null) {
            there.add(name);
          }
          return true;
        });
    return there;
  }

  /** Whether the tier is this store's, and this store's file is not older. */
  private void checkOwn(SurvivingChain chain) {
    ManifestNotes notes = source.manifestNotes();
    TierManifest newest = chain.newest();
    if (newest == null) {
      if (notes.settled() == null && notes.complete()) {
        throw refused("this store never tiered to this prefix");
      }
    } else if (newest.storeId() != source.storeId()) {
      throw refused(
          "this prefix is the tier of another store: its store="
              + Long.toHexString(newest.storeId())
              + ", this store="
              + Long.toHexString(source.storeId()));
    } else if (Long.compareUnsigned(newest.incarnation(), source.incarnation()) > 0
        || !isMarked(newest.lastRecordSequence())) {
      throw refused(
          "this store's file is older than its tier, as a copy or a backup is: restore what is left"
              + " of the tier into an empty folder");
    }
    long known = newest != null && lineage.isOwn(newest) ? newest.sequence() : 0;
    known = Math.max(known, notes.sequenceMax());
    if (!alone && notes.complete() && chain.sequence() > known) {
      throw refused(
          "this store's file may be older than its tier, or a copy: the tier had a manifest that is"
              + " not noted in it. If no other process wrote to the prefix, allow it (alone):"
              + " noted="
              + known
              + ", newest="
              + chain.sequence());
    }
  }

  private boolean isMarked(long sequence) {
    MarkWait.forSequence(source, sequence);
    return source.markedSequence() >= sequence;
  }

  private StoreOpenException refused(String why) {
    return new StoreOpenException(
        "this store cannot repair the prefix: "
            + why
            + ", prefix="
            + objects
            + ", evicted="
            + store.stats().evictedBlobs(),
        null);
  }

  private TierManifest claim(
      SurvivingChain chain, List<TierKeys.BatchName> batches, long through, Encryption encrypted) {
    TierManifest newest = chain.newest();
    long generation = newest == null ? 0 : newest.generation();
    for (TierKeys.BatchName batch : batches) {
      generation = Math.max(generation, batch.generation());
    }
    // Any of the manifests that are lost at the end may have been the claim of a generation.
    long lost = through - (newest == null ? 0 : newest.sequence());
    generation += 1 + Math.min(lost, GENERATIONS_LOST_MAX);
    if (generation >= ColdReferenceCodec.NUMBER_MAX || through >= Long.MAX_VALUE - 2) {
      throw refused("its numbers are used up; tier to another prefix: sequence=" + through);
    }
    UUID putId = TierManifest.newId();
    return new TierManifest(
        new TierManifest.Writer(source.storeId(), source.incarnation(), generation),
        through + 1,
        new TierManifest.Stamp(putId, System.currentTimeMillis()),
        new TierManifest.Reach(
            newest == null ? 0 : newest.lastRecordSequence(),
            newest == null ? 0 : newest.lastEpoch()),
        List.of(),
        collection(newest, through).withEncryption(encrypted),
        lineage.after(newest, putId));
  }

  /** That of the newest that is left, so that the chain is as damaged as before until it is new. */
  private static CollectionState collection(@Nullable TierManifest newest, long through) {
    if (newest == null) {
      return CollectionState.NONE;
    }
    return newest.sequence() == through
        ? newest.collection().ofClaim()
        : newest.collection().withMinInflight(0);
  }
}
