package io.ashlar.tier.prefix;

import io.ashlar.store.FencedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.readback.ColdReferenceCodec;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The end of the chain, as its writer knows it: what the next manifest and batch are called, and
 * whether a manifest's outcome is unknown.
 *
 * <pre>{@code
 *           append(), committed
 *             +---------+
 *             v         |   append(), no answer
 * (claim) -> CURRENT ---+-----------------------> UNRESOLVED
 *             ^ |                                  |  |  ^
 *             +-|----------------------------------+  +--+ resolve(), no answer
 *               |        resolve(), committed         |
 *               | another's manifest is there         | another's manifest is there
 *               +-----------------> FENCED <----------+
 * }</pre>
 *
 * <p>For one sequence this writer sends only one manifest, the same each time. So a request that is
 * applied late can never contradict a later one. The store's file notes each before it is sent, and
 * again when it is in the chain ({@link Lineage}).
 *
 * <p>Thread: the tiering agent; {@link #last}, {@link #isProvedSince} and {@link #isStillLast} are
 * for any.
 */
public final class TierWriter {
  private final ManifestStore manifests;
  private final Lineage lineage;
  private final TierManifest.Writer writer;

  /** The newest manifest that is certainly committed; written by the agent, read by any thread. */
  private volatile TierManifest last;

  /** When a request began that proved that no writer took over; written and read by any thread. */
  private volatile long provedNs = System.nanoTime();

  private @Nullable TierManifest unresolved;
  private @Nullable CollectionState next;
  private @Nullable FencedException fenced;
  private long nextBatch;
  private Encryption encryption;

  /** Continues after {@code claim}, which is committed. */
  public TierWriter(ManifestStore manifests, Lineage lineage, TierManifest claim) {
    this.manifests = manifests;
    this.lineage = lineage;
    this.writer = claim.writer();
    this.last = claim;
    this.encryption = claim.collection().encryption();
  }

  /** Where its manifests are. */
  public ManifestStore manifests() {
    return manifests;
  }

  /** The newest manifest that is certainly committed. */
  public TierManifest last() {
    return last;
  }

  /** Notes how a batch is encrypted that the next manifest lists. */
  public void encrypts(Encryption value) {
    encryption = value;
  }

  /** A name that no other batch has or will have. */
  public TierKeys.BatchName newBatchName() {
    if (nextBatch > ColdReferenceCodec.NUMBER_MAX) {
      throw new TierUnavailableException(
          "batch numbers of this open are used up; open the tier again: generation=" + generation(),
          null);
    }
    return TierKeys.BatchName.derived(
        generation(), nextBatch++, TierManifest.newId().getMostSignificantBits());
  }

  /**
   * Commits what an earlier call left open, if it did.
   *
   * @throws FencedException if another writer took over, now or before.
   * @throws TierUnavailableException if the object store does not answer; call it again.
   * @throws io.ashlar.store.StoreFailedException if the store cannot note that it is committed.
   */
  public void resolve() {
    if (fenced != null) {
      throw new FencedException("fenced before: " + fenced.getMessage(), fenced);
    }
    if (unresolved == null) {
      return;
    }
    TierManifest manifest = unresolved;
    long beganNs = System.nanoTime();
    try {
      manifests.commit(manifest);
    } catch (FencedException e) {
      fenced = e;
      unresolved = null;
      throw e;
    }
    provedNs = beganNs;
    lineage.settled(manifest);
    last = manifest;
    unresolved = null;
    next = null;
    manifests.hint(manifest);
  }

  /**
   * Commits the next manifest.
   *
   * @param lastRecordSequence up to where all changes are in the chain, with these batches.
   * @throws FencedException if another writer took over.
   * @throws TierUnavailableException if the outcome is unknown; {@link #resolve} settles it.
   */
  public void append(long lastRecordSequence, long lastEpoch, List<BatchReference> batches) {
    resolve();
    append(lastRecordSequence, lastEpoch, batches, collection());
  }

  /**
   * Commits the next manifest, with other collection data: the state of the last one and these
   * batches. All batches that were named so far are settled: listed, or given up.
   *
   * @throws FencedException if another writer took over.
   * @throws TierUnavailableException if the outcome is unknown; {@link #resolve} settles it.
   */
  public void appendCollection(List<BatchReference> batches, CollectionState collection) {
    resolve();
    append(last.lastRecordSequence(), last.lastEpoch(), batches, collection);
  }

  /**
   * Commits a base of the whole state up to a sequence. All batches that were named so far are
   * settled: listed, or given up.
   *
   * @throws FencedException if another writer took over.
   * @throws TierUnavailableException if the outcome is unknown; {@link #resolve} settles it.
   */
  public void appendBase(
      long lastRecordSequence,
      long lastEpoch,
      List<BatchReference> batches,
      CollectionState collection) {
    resolve();
    append(lastRecordSequence, lastEpoch, batches, collection);
  }

  private void append(
      long lastRecordSequence, long lastEpoch, List<BatchReference> batches, CollectionState next) {
    CollectionState collection = next.withMinInflight(nextBatch).withEncryption(encryption);
    UUID putId = TierManifest.newId();
    TierManifest manifest =
        new TierManifest(
            writer,
            last.sequence() + 1,
            new TierManifest.Stamp(putId, System.currentTimeMillis()),
            new TierManifest.Reach(lastRecordSequence, Math.max(lastEpoch, last.lastEpoch())),
            batches,
            collection,
            lineage.after(last, putId));
    lineage.sending(last, manifest); // L32: nothing is sent if this throws
    unresolved = manifest;
    resolve();
  }

  /** What the next manifest will say, unless {@link #appendCollection} says something else. */
  CollectionState collection() {
    return next == null ? last.collection() : next;
  }

  /** Has the next manifest say something else. It must be as true without having been said. */
  public void nextCollection(CollectionState collection) {
    next = collection;
  }

  public long generation() {
    return writer.generation();
  }

  /** Every batch with a lower number was listed, or never will be, once nothing is being packed. */
  public long minInflight() {
    return nextBatch;
  }

  /** The sequence of the next manifest, once nothing is unresolved. */
  public long nextSequence() {
    return last.sequence() + 1;
  }

  /**
   * Checks with two to four requests that no other writer took over.
   *
   * @throws FencedException if one did.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public void checkNotFenced() {
    resolve();
    long beganNs = System.nanoTime();
    try {
      manifests.checkStillLast(last);
    } catch (FencedException e) {
      fenced = e;
      throw e;
    }
    provedNs = beganNs;
  }

  /**
   * Checks the same from any thread, independently of the agent's work.
   *
   * @return false if a manifest follows: this writer's own that is being committed, or another's.
   *     {@link #checkNotFenced} tells which.
   * @throws TierUnavailableException if the object store does not answer.
   */
  boolean isStillLast() {
    TierManifest newest = last;
    long beganNs = System.nanoTime();
    try {
      manifests.checkStillLast(newest);
    } catch (FencedException e) {
      return false;
    }
    provedNs = beganNs;
    return true;
  }

  /**
   * Whether a request that began after {@code sinceNs}, in the time of {@link System#nanoTime}, has
   * proved that no other writer took over. Thread: any.
   */
  public boolean isProvedSince(long sinceNs) {
    return provedNs - sinceNs > 0;
  }
}
