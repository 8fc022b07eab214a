package io.ashlar.tier.upload;

import io.ashlar.store.FencedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.Upkeep;
import io.ashlar.tier.fetch.ColdReferenceCodec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The end of the chain, as its writer knows it: what the next manifest and the next batch are
 * called, and whether a manifest's outcome is still unknown.
 *
 * <pre>
 *            append(), committed
 *              +---------+
 *              v         |   append(), no answer
 *  (claim) -> CURRENT ---+-----------------------> UNRESOLVED
 *              ^ |                                  |  |  ^
 *              +-|----------------------------------+  +--+ resolve(), no answer
 *                |        resolve(), committed         |
 *                | another's manifest is there         | another's manifest is there
 *                +-----------------> FENCED <----------+
 * </pre>
 *
 * <p>For one sequence this writer sends one manifest only, the same each time: a request of it that
 * is applied late can then never contradict what was sent after it.
 *
 * <p>Thread: the tiering agent; {@link #last} is read by any.
 */
final class TierWriter {
  private final ManifestStore manifests;
  private final long storeId;
  private final long incarnation;
  private final long generation;

  /** The newest manifest that is certainly committed; written by the agent, read by any thread. */
  private volatile TierManifest last;

  private @Nullable TierManifest unresolved;
  private @Nullable Upkeep next;
  private @Nullable FencedException fenced;
  private long nextBatch;

  /** Goes on after {@code claim}, which is committed. */
  TierWriter(ManifestStore manifests, TierManifest claim) {
    this.manifests = manifests;
    this.storeId = claim.storeId();
    this.incarnation = claim.incarnation();
    this.generation = claim.generation();
    this.last = claim;
  }

  /** Where its manifests are. */
  ManifestStore manifests() {
    return manifests;
  }

  /** The newest manifest that is certainly committed. */
  TierManifest last() {
    return last;
  }

  /** A name that no other batch has or will have. */
  TierKeys.BatchName newBatchName() {
    if (nextBatch > ColdReferenceCodec.NUMBER_MAX) {
      throw new TierUnavailableException(
          "batch numbers of this open are used up; open the tier again: generation=" + generation,
          null);
    }
    return TierKeys.BatchName.derived(
        generation, nextBatch++, TierManifest.newId().getMostSignificantBits());
  }

  /**
   * Commits what an earlier call left open, if it did.
   *
   * @throws FencedException if another writer took over, now or before.
   * @throws TierUnavailableException if the object store does not answer; call it again.
   */
  void resolve() {
    if (fenced != null) {
      throw new FencedException("fenced before: " + fenced.getMessage(), fenced);
    }
    if (unresolved == null) {
      return;
    }
    TierManifest manifest = unresolved;
    try {
      manifests.commit(manifest);
    } catch (FencedException e) {
      fenced = e;
      unresolved = null;
      throw e;
    }
    last = manifest;
    unresolved = null;
    next = null;
    manifests.hint(manifest.sequence());
  }

  /**
   * Commits the next manifest.
   *
   * @param lastRecordSequence up to where all changes are in the chain, with these batches.
   * @throws FencedException if another writer took over.
   * @throws TierUnavailableException if the outcome is unknown; {@link #resolve} settles it.
   */
  void append(long lastRecordSequence, long lastEpoch, List<BatchReference> batches) {
    resolve();
    append(lastRecordSequence, lastEpoch, batches, upkeep());
  }

  /**
   * Commits the next manifest, of the same state as the last one but for these batches, with
   * another upkeep. All batches that were named so far are settled: listed, or given up.
   *
   * @throws FencedException if another writer took over.
   * @throws TierUnavailableException if the outcome is unknown; {@link #resolve} settles it.
   */
  void appendUpkeep(List<BatchReference> batches, Upkeep upkeep) {
    resolve();
    append(last.lastRecordSequence(), last.lastEpoch(), batches, upkeep);
  }

  private void append(
      long lastRecordSequence, long lastEpoch, List<BatchReference> batches, Upkeep next) {
    Upkeep upkeep = next.withMinInflight(nextBatch);
    unresolved =
        new TierManifest(
            storeId,
            incarnation,
            generation,
            last.sequence() + 1,
            TierManifest.newId(),
            last.sequence(),
            lastRecordSequence,
            Math.max(lastEpoch, last.lastEpoch()),
            System.currentTimeMillis(),
            batches,
            upkeep);
    resolve();
  }

  /** What the next manifest will say, unless {@link #appendUpkeep} says something else. */
  Upkeep upkeep() {
    return next == null ? last.upkeep() : next;
  }

  /** Has the next manifest say something else. It must be as true without having been said. */
  void nextUpkeep(Upkeep upkeep) {
    next = upkeep;
  }

  long generation() {
    return generation;
  }

  /** Every batch with a lower number was listed, or never will be, once nothing is being packed. */
  long minInflight() {
    return nextBatch;
  }

  /** The sequence of the next manifest, once nothing is unresolved. */
  long nextSequence() {
    return last.sequence() + 1;
  }

  /**
   * Checks with one request that nobody took over.
   *
   * @throws FencedException if somebody did.
   * @throws TierUnavailableException if the object store does not answer.
   */
  void checkNotFenced() {
    resolve();
    try {
      manifests.checkStillLast(last);
    } catch (FencedException e) {
      fenced = e;
      throw e;
    }
  }
}
