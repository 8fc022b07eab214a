package io.ashlar.tier.upload;

import io.ashlar.store.StoreClosedException;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.ChangeList;
import io.ashlar.tier.pack.GroupPacker;
import io.ashlar.tier.pack.PackPlan;
import io.ashlar.tier.pack.PackThreads;
import io.ashlar.tier.prefix.TierWriter;
import java.util.List;

/**
 * One run of select, pack, upload, manifest. {@link Uploader} says which steps that are and what a
 * crash at each of them leaves.
 *
 * <p>Thread: the tiering agent. Made for one run.
 */
final class TieringPass {
  /** How many changes are looked at in one step. */
  private static final long VISITED_CHANGES = 1_024;

  private final TierWriter writer;
  private final BatchPacker packer;
  private final TierProgress progress;
  private final int manifestBatchesMax;

  private long batches;
  private long bytesBefore;
  private long bytesAfter;
  private int sentBefore;

  /**
   * @param manifestBatchesMax most batches in one manifest, 3 or more; more make several manifests.
   */
  TieringPass(
      TierWriter writer, BatchPacker packer, TierProgress progress, int manifestBatchesMax) {
    this.writer = writer;
    this.packer = packer;
    this.progress = progress;
    this.manifestBatchesMax = manifestBatchesMax;
  }

  /**
   * Selects the changes of a range that are to be uploaded, in the order in which they were made.
   * Evicted blobs are left out: they are in the tier.
   *
   * @param through the range's end; those after it are left out.
   * @param work rests now and then.
   */
  static ChangeList select(TierSnapshot source, long after, long through, BackgroundWork work) {
    ChangeList changes = new ChangeList();
    long[] visited = new long[1];
    try {
      source.forEachChange(
          after,
          change -> {
            if (change.sequence() <= through && change.kind() != BlobChange.Kind.EVICTED) {
              changes.add(change);
            }
            if (++visited[0] % VISITED_CHANGES == 0) {
              work.rest(0);
            }
          });
      changes.sort(work);
      return changes;
    } catch (RuntimeException | Error e) {
      changes.close();
      throw e;
    }
  }

  /**
   * Uploads changes and commits their manifest.
   *
   * @param changes what {@link #select} gave, at least one.
   * @param through the range's end.
   * @param epoch the last epoch within the range, or an earlier one.
   */
  CheckpointReport run(ChangeList changes, long through, long epoch) {
    progress.onTotal(changes.size(), changes.storedBytes());
    try (PackThreads threads = packer.threads(changes)) {
      threads.forEach(
          new PackThreads.Receiver() {
            @Override
            public void onGroup(PackPlan.Group group, GroupPacker packed) {
              packer.append(changes, group, packed);
              packed();
            }

            @Override
            public void onDirect(long change) {
              packer.put(changes.get(change));
              packed();
            }
          });
    }
    if (changes.storedCount() < changes.size()) {
      for (long i = 0; i < changes.size(); i++) {
        BlobChange change = changes.get(i);
        if (change.kind() == BlobChange.Kind.DELETED) {
          packer.delete(change);
          packed();
        }
      }
    }
    List<BatchReference> last = packer.drain();
    count(last);
    writer.append(through, epoch, last);
    progress.onProgress(changes.size(), changes.storedBytes());
    return new CheckpointReport(
        writer.last().sequence(),
        packer.blobs(),
        packer.deletes(),
        batches,
        bytesBefore,
        bytesAfter);
  }

  private void packed() {
    // Only closing interrupts the agent.
    if (Thread.currentThread().isInterrupted()) {
      throw new StoreClosedException("the tier is being closed", null);
    }
    if (packer.sentCount() == sentBefore) {
      return;
    }
    progress.onProgress(packer.blobs() + packer.deletes(), packer.blobBytes());
    if (packer.sentCount() >= manifestBatchesMax - 2) {
      // Two more may be on their way. The range is not complete yet, so its end is not claimed.
      List<BatchReference> full = packer.drain();
      count(full);
      TierManifest before = writer.last();
      writer.append(before.lastRecordSequence(), before.lastEpoch(), full);
    }
    sentBefore = packer.sentCount();
  }

  private void count(List<BatchReference> added) {
    for (BatchReference batch : added) {
      batches++;
      bytesBefore += batch.uncompressedBytes();
      bytesAfter += batch.bytes();
    }
  }
}
