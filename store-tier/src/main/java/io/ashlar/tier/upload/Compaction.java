package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.LiveBatches;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchIndex;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.DecodedBatch;
import io.ashlar.tier.readback.IdTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the fewest batches that make the state of a chain, for a base. These are batches with a
 * live entry, deletes that still hide an entry, and new copies of what is live in sparse batches.
 *
 * <p>An entry is live if it is the tier's last of its id and no delete. The state of a list of
 * batches is the last entry of each id. These rules keep it:
 *
 * <ol>
 *   <li>A batch of blobs without a live entry is left out. Each of its entries is replaced by a
 *       later one. By rules 2 and 3 that one stays, or everything that it hides goes.
 *   <li>A batch of deletes is left out if every staying batch of blobs before it is live as a
 *       whole. Then it hides nothing.
 *   <li>Live entries of a sparse batch are copied into batches at the end of the list. They are the
 *       last of their ids, so nothing before them changes what they are.
 *   <li>Several batches of deletes become one at the end of the list. It has the deleted ids that
 *       still have an entry in a staying batch.
 * </ol>
 *
 * <p>Thread: the tiering agent. Memory: one batch, and those that are packed.
 */
final class Compaction {
  /** Most bytes of batches that are read to be rewritten in one go. */
  private static final long REWRITE_BYTES_MAX = 256L << 20;

  private final TierObjects objects;
  private final TierWriter writer;
  private final BlobLocations locations;
  private final BatchReader reader;
  private final Sending sending;

  private final List<BatchReference> state = new ArrayList<>();
  private final List<BatchReference> sparse = new ArrayList<>();
  private final List<BatchReference> partlyDead = new ArrayList<>();
  private final List<String> replaced = new ArrayList<>();
  private long bytesCopied;

  Compaction(
      TierObjects objects,
      TierWriter writer,
      BlobLocations locations,
      BatchReader reader,
      Sending sending) {
    this.objects = objects;
    this.writer = writer;
    this.locations = locations;
    this.reader = reader;
    this.sending = sending;
  }

  /**
   * The batches of a base.
   *
   * @param batches of the base, in the order in which they apply; the new ones are durable.
   * @param replaced names of batches whose live entries were copied.
   * @param bytesCopied bytes of these entries.
   */
  record Result(List<BatchReference> batches, List<String> replaced, long bytesCopied) {}

  /**
   * Reads all indexes that were not read yet, rewrites, and uploads. The locations are those of the
   * result afterwards; if this throws, or the base is not committed, they are to be given up.
   *
   * @param chain the newest chain, oldest first.
   * @param belowPercent the share of live entries below which a batch is rewritten; 0 for never.
   * @param replacedMax most batches to rewrite.
   * @return null if there are more batches than a manifest can list.
   */
  @Nullable Result run(List<TierManifest> chain, int belowPercent, int replacedMax) {
    while (locations.hasUnread()) {
      locations.readNext(reader, false);
    }
    sort(chain, belowPercent, replacedMax);
    List<BatchReference> deletes =
        state.stream().filter(b -> b.kind() == BatchReference.Kind.DELETES).toList();
    boolean merge = belowPercent > 0 && deletes.size() > 1;
    if (!sparse.isEmpty() || merge) {
      try (BatchPacker packer =
          new BatchPacker(null, objects, writer, locations, sending, chain.getLast().lastEpoch())) {
        for (BatchReference batch : sparse) {
          copyLive(batch, packer);
        }
        if (merge) {
          state.removeAll(deletes);
          packDeletes(packer);
        }
        state.addAll(packer.drain());
      }
    }
    return state.size() > TierManifest.BATCHES_MAX
        ? null
        : new Result(List.copyOf(state), List.copyOf(replaced), bytesCopied);
  }

  private void sort(List<TierManifest> chain, int belowPercent, int replacedMax) {
    Map<Long, Long> live = locations.liveEntries();
    long rewriteBytes = 0;
    for (TierManifest manifest : chain) {
      for (BatchReference batch : manifest.batches()) {
        if (batch.kind() == BatchReference.Kind.DELETES) {
          if (!partlyDead.isEmpty()) {
            state.add(batch);
          }
          continue;
        }
        long entries = live.getOrDefault(LiveBatches.number(batch.name()), 0L);
        if (entries == 0) {
          continue;
        }
        boolean rewrite =
            entries * 100 < belowPercent * batch.entries()
                && sparse.size() < replacedMax
                && rewriteBytes + batch.uncompressedBytes() <= REWRITE_BYTES_MAX;
        if (rewrite) {
          rewriteBytes += batch.uncompressedBytes();
          sparse.add(batch);
        } else {
          state.add(batch);
          if (entries < batch.entries()) {
            partlyDead.add(batch);
          }
        }
      }
    }
  }

  private void copyLive(BatchReference reference, BatchPacker packer) {
    long number = LiveBatches.number(reference.name());
    try (DecodedBatch batch = reader.read(reference)) {
      batch.forEach((high, low, data, bodyOffset) -> {
        if (locations.isIn(high, low, number)) {
          packer.copy(
              new BlobChange(
                  new BlobId(high, low),
                  0,
                  BlobChange.Kind.STORED,
                  data.byteSize(),
                  BatchCodec.crc32c(data),
                  0),
              data);
          bytesCopied += data.byteSize();
        }
      });
    }
    replaced.add(reference.name());
  }

  /** Packs a delete for each deleted id that a batch which stays still has an entry of. */
  private void packDeletes(BatchPacker packer) {
    try (IdTable packed = new IdTable(0)) {
      for (BatchReference reference : partlyDead) {
        // Only the writer of version 3 derives names, and only its batches have an index.
        TierKeys.BatchName name = TierKeys.batchName(reference.name());
        if (name != null && name.isDerived()) {
          try (BatchIndex index = reader.readIndex(reference)) {
            index.forEach((high, low, entry) -> packDelete(high, low, packed, packer));
          }
        } else {
          try (DecodedBatch batch = reader.read(reference)) {
            batch.forEach((high, low, data, bodyOffset) -> packDelete(high, low, packed, packer));
          }
        }
      }
    }
  }

  private void packDelete(long high, long low, IdTable packed, BatchPacker packer) {
    if (locations.isDeleted(high, low) && packed.putIfAbsent(high, low, 0, 0)) {
      packer.delete(new BlobChange(new BlobId(high, low), 0, BlobChange.Kind.DELETED, 0, 0, 0));
    }
  }
}
