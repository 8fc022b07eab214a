package io.ashlar.tier.upload;

import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.ChangeList;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.Lineage;
import io.ashlar.tier.prefix.MarkWait;
import io.ashlar.tier.prefix.TierWriter;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Uploads what became durable in the store since the last pass.
 *
 * <p><b>Invariants.</b>
 *
 * <ol>
 *   <li>I1. Every batch that a manifest lists was whole and durable before the manifest was first
 *       sent. It is never written again, and deleted only as {@link CollectionPass} says.
 *   <li>I2. The chain is one line: each manifest was created where none was, right after its
 *       parent. This writer sends only one manifest for a sequence, ever.
 *   <li>I3. For every id whose last local change is at or before {@code lastRecordSequence}, the
 *       chain's last entry is that change.
 *   <li>I4. Only what a durable mark covers is uploaded: no crash of this machine can undo it.
 *   <li>I5. Local bytes and tombstones are given up only after the manifest that covers them was
 *       committed, and the store's file says so ({@link Lineage}).
 * </ol>
 *
 * <p><b>Steps of a pass, and what a crash there leaves.</b> A request without an answer leaves the
 * same as a crash at that step, and the next pass continues as the table says.
 *
 * <table>
 *   <caption>Steps</caption>
 *   <tr><th></th><th>step</th><th>after a crash here, or later</th></tr>
 *   <tr><td>1</td><td>{@code markTiered()}: deletes are kept from now on</td>
 *       <td>nothing remote; the store keeps tombstones that it does not need</td></tr>
 *   <tr><td>2</td><td>claim: note the next manifest, generation + 1, no batches, in the store's
 *       file; create it</td>
 *       <td>if it is there: the earlier writer is fenced, the state is the same; the next open
 *       claims again. Otherwise: nothing but the note</td></tr>
 *   <tr><td>3</td><td>take a snapshot; wait until its epoch is marked; select its changes since the
 *       last range</td><td>nothing</td></tr>
 *   <tr><td>4</td><td>check that no other writer took over; put each batch, under a name that is
 *       never used again</td>
 *       <td>batches that no manifest lists; the next pass selects the same changes again, or the
 *       later changes that replaced them</td></tr>
 *   <tr><td>5</td><td>note the manifest in the store's file, then create it at the next sequence
 *       if none is there. Unless the answer is success, read it and compare the put id: ours is
 *       committed, another's fences us, an absent one is sent again</td>
 *       <td>if it is there: committed, and the next open reads it. This writer, if it lives,
 *       sends the same manifest again before anything else. Otherwise: as 4</td></tr>
 *   <tr><td>6</td><td>note that it is committed; write the hint</td>
 *       <td>a stale hint: readers probe onwards</td></tr>
 *   <tr><td>7</td><td>{@code dropTombstones(through)}</td>
 *       <td>tombstones that the tier has; dropped at the next open</td></tr>
 *   <tr><td>8</td><td>evict, when asked, as {@link Evictor} says</td>
 *       <td>blobs that are in both places</td></tr>
 * </table>
 *
 * <p>Manifests before the one that failed are never touched, so each remains restorable.
 *
 * <p><b>What a manifest holds while writes go on.</b> A pass reads through a snapshot. Its last
 * manifest is exactly the state of the store after its {@code lastEpoch}, whatever was overwritten
 * meanwhile. There are two exceptions:
 *
 * <ul>
 *   <li>A pass of more batches than a manifest can list commits them by several manifests. Only the
 *       last of these claims the range.
 *   <li>A store whose disk is full cannot write the mark that its last epoch needs, and what is not
 *       marked is not uploaded. Ids that this epoch changed keep their earlier state until the next
 *       pass.
 * </ul>
 *
 * <p>When the store ends the snapshot ({@code snapshotEntriesMax} in its settings), the pass fails,
 * and the next one makes up for it.
 *
 * <p><b>No changes, no requests.</b> If the marked sequence has not moved, or moved only by records
 * without changes (marks, evictions), a pass makes no request.
 *
 * <p>Thread: the tiering agent; {@link #batches} from any.
 */
final class Uploader {
  private final ClaimedPrefix prefix;
  private final TierSource source;
  private final Sending sending;
  private final AtomicLong batches = new AtomicLong();

  Uploader(ClaimedPrefix prefix, Sending sending) {
    this.prefix = prefix;
    this.source = prefix.source();
    this.sending = sending;
  }

  /** Batches whose manifest was committed since the agent was opened. */
  long batches() {
    return batches.get();
  }

  /**
   * Makes one pass.
   *
   * @return what was uploaded; zeros when nothing had changed.
   * @throws io.ashlar.store.FencedException if another writer took over.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws io.ashlar.store.CorruptionException if a blob to upload is damaged.
   * @throws io.ashlar.store.StoreClosedException if the agent or its store is closed.
   */
  CheckpointReport pass(TierProgress progress) {
    TierWriter own = prefix.settledWriter();
    // The epoch first: it must not be later than the sequence.
    long markedEpoch = source.markedEpoch();
    if (source.markedSequence() <= prefix.tieredSequence()) {
      prefix.mark().advance(markedEpoch);
      return CheckpointReport.NOTHING;
    }
    try (TierSnapshot snapshot = source.tierSnapshot()) {
      MarkWait.forEpoch(source, snapshot.epoch());
      // The epoch first: it must not be later than the sequence.
      long epoch = Math.min(snapshot.epoch(), source.markedEpoch());
      long through = Math.min(snapshot.sequence(), source.markedSequence());
      CheckpointReport report =
          through <= prefix.tieredSequence()
              ? CheckpointReport.NOTHING
              : upload(own, snapshot, through, epoch, progress);
      prefix.mark().advance(epoch);
      return report;
    }
  }

  private CheckpointReport upload(
      TierWriter own, TierSnapshot snapshot, long through, long epoch, TierProgress progress) {
    CheckpointReport report = CheckpointReport.NOTHING;
    BackgroundWork work = source.backgroundWork();
    try (ChangeList changes =
        TieringPass.select(snapshot, prefix.tieredSequence(), through, work)) {
      if (changes.size() > 0) {
        own.checkNotFenced(); // before anything is uploaded
        boolean committed = false;
        try (BatchPacker packer =
            new BatchPacker(snapshot, prefix.objects(), own, prefix.locations(), sending, epoch)) {
          report =
              new TieringPass(own, packer, progress, TierManifest.BATCHES_MAX)
                  .run(changes, through, epoch);
          committed = true;
        } finally {
          if (!committed) {
            prefix.forgetLocations();
          }
        }
      }
    }
    prefix.tieredThrough(through);
    batches.addAndGet(report.batches());
    if (report.deletes() > 0) {
      source.dropTombstones(through);
    }
    return report;
  }
}
