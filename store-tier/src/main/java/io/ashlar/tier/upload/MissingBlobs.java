package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.ChangeList;
import io.ashlar.tier.pack.GroupPacker;
import io.ashlar.tier.pack.PackPlan;
import io.ashlar.tier.pack.PackThreads;
import io.ashlar.tier.readback.IdTable;
import io.ashlar.tier.readback.SurvivingBatch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Packs the part of the store's state that the batches which a repair keeps lack. This is local
 * blobs, evicted blobs that only other batches have, and deletes of what the kept batches would
 * bring back. A blob that is neither local nor in any batch is lost, and recorded (R3).
 *
 * <p>Thread: the tiering agent. Made for one repair; it packs into a packer of the caller's.
 */
final class MissingBlobs {
  private final SurvivingBatches surviving;
  private final RepairTruth truth;
  private final BatchPacker packer;

  private long copied;

  MissingBlobs(SurvivingBatches surviving, RepairTruth truth, BatchPacker packer) {
    this.surviving = surviving;
    this.truth = truth;
    this.packer = packer;
  }

  /** Uploads what is local and in no batch that is kept. */
  void upload(TierSnapshot snapshot) {
    try (ChangeList changes = new ChangeList()) {
      snapshot.forEachChange(
          0,
          change -> {
            if (change.kind() == BlobChange.Kind.STORED
                && !surviving.isHeld(change.id().high(), change.id().low())) {
              changes.add(change);
            }
          });
      if (changes.size() == 0) {
        return;
      }
      changes.sort(packer.work());
      try (PackThreads threads = packer.threads(changes)) {
        threads.forEach(
            new PackThreads.Receiver() {
              @Override
              public void onGroup(PackPlan.Group group, GroupPacker made) {
                RepairPass.checkNotClosing();
                packer.append(changes, group, made);
              }

              @Override
              public void onDirect(long change) {
                RepairPass.checkNotClosing();
                packer.put(changes.get(change));
              }
            });
      }
    }
  }

  /** Copies evicted blobs out of batches that are not kept, or that hide them. */
  void copyEvicted() {
    Set<Integer> from = new HashSet<>();
    truth.forEach((high, low, length, crc, stored, place) -> {
      if (!stored && place >= 0 && !surviving.isHeld(high, low)) {
        from.add(place);
      }
    });
    for (int ordinal : from.stream().sorted().toList()) {
      RepairPass.checkNotClosing();
      try (SurvivingBatch batch = surviving.read(ordinal)) {
        batch.forEach((high, low, bodyOffset, length, crc, data) -> {
          boolean wanted =
              truth.isBlob(high, low, length, crc)
                  && !truth.isStored(high, low)
                  && truth.place(high, low) == ordinal
                  && !surviving.isHeld(high, low);
          if (data != null && wanted) {
            packer.copy(
                new BlobChange(new BlobId(high, low), 0, BlobChange.Kind.STORED, length, crc, 0),
                data);
            surviving.copied(high, low);
            copied++;
          }
        });
      }
    }
  }

  /** Deletes in the tier what the batches that are kept bring, and the store does not have. */
  void packDeletes() {
    surviving.forEachStale((high, low) -> {
      boolean uploaded = truth.isLive(high, low) && truth.isStored(high, low);
      if (!uploaded) {
        packer.delete(deleteOf(new BlobId(high, low)));
      }
    });
  }

  /**
   * Writes the ids of lost blobs into batches that are not part of the state.
   *
   * @param idsMax most ids in one batch.
   * @param watchers told of each lost blob.
   * @param lost filled with these ids; first is the place in the list of the batch that names it.
   * @return the names of these batches.
   */
  List<String> record(long idsMax, RepairWatchers watchers, IdTable lost) {
    List<String> records = new ArrayList<>();
    long[] packed = new long[1];
    truth.forEach((high, low, length, crc, stored, place) -> {
      if (stored || surviving.isHeld(high, low)) {
        return;
      }
      BlobId id = new BlobId(high, low);
      watchers.losses().onLostBlob(id, length, 0);
      if (packed[0] == idsMax) {
        packer.drain().forEach(batch -> records.add(batch.name()));
        packed[0] = 0;
      }
      packer.delete(deleteOf(id));
      lost.put(high, low, records.size(), 0);
      packed[0]++;
    });
    packer.drain().forEach(batch -> records.add(batch.name()));
    return records;
  }

  private static BlobChange deleteOf(BlobId id) {
    return new BlobChange(id, 0, BlobChange.Kind.DELETED, 0, 0, 0);
  }

  /** Evicted blobs that were copied. */
  long copied() {
    return copied;
  }
}
