package io.ashlar.tier.restore;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.LossListener;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.request.SecondLook;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.DecodedBatch;
import io.ashlar.tier.readback.IdTable;
import io.ashlar.tier.readback.OrderedReads;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Puts the batches of a chain into a store.
 *
 * <p>Thread: one. Memory: its own, freed by close, which also ends the fetches in progress and
 * waits for the commits in progress.
 */
final class RestoreRun implements AutoCloseable {
  static final int BATCHES_AHEAD_MAX = 8;
  static final long BYTES_AHEAD_MAX = 64L << 20;

  /** Most ids to make room for before any was read, as a manifest's count may be wrong. */
  private static final long IDS_EXPECTED_MAX = 64 << 10;

  private final BlobStore into;
  private final ManifestChain chain;
  private final List<BatchReference> batches;
  private final TierProgress progress;
  private final BatchReader reader;

  /** Ids that were met, in a restore into an empty store. */
  private final IdTable seen;

  private final RestoreEpochs epochs;

  private @Nullable RestorePlan plan;
  private long entriesDone;
  private long bytesDone;
  private long batchesFetched;
  private long deletedBlobs;
  private long lostBlobs;

  RestoreRun(TierObjects objects, BlobStore into, ManifestChain chain, TierProgress progress) {
    this.into = into;
    this.chain = chain;
    this.batches = chain.batchesNewestFirst();
    this.progress = progress;
    this.reader = new BatchReader(objects);
    this.epochs = new RestoreEpochs(into);
    long entries = 0;
    for (BatchReference batch : batches) {
      entries = Math.min(IDS_EXPECTED_MAX, entries + Math.min(IDS_EXPECTED_MAX, batch.entries()));
    }
    this.seen = new IdTable(entries);
  }

  /** Fills an empty store: each batch is read whole. */
  void fill() {
    tellTotal();
    List<WorkItem> items = new ArrayList<>();
    for (int ordinal = 0; ordinal < batches.size(); ordinal++) {
      items.add(WorkItem.whole(batches.get(ordinal), ordinal));
    }
    fetch(
        items,
        item -> item.fetch(reader),
        (item, high, low, data) ->
            seen.putIfAbsent(high, low, 0, 0) && item.batch().kind() == BatchReference.Kind.PUTS);
    epochs.finish();
  }

  /** Makes a store that may hold blobs the same as the checkpoint, and fetches what differs. */
  void complete(TierSource source) {
    tellTotal();
    RestorePlan made = new RestorePlan(into, source);
    plan = made;
    made.make(reader, batches, this::tellDone);
    fetch(
        made.items(),
        item -> asPlanned(item, made),
        (item, high, low, data) -> made.wanted(high, low, item.ordinal()) != null);
    deletedBlobs = epochs.deleteAllBut(made::isLive);
    epochs.finish();
  }

  /** Fetches it, and once more if its blobs are not those of the index that was planned by. */
  private WorkItem.Fetched asPlanned(WorkItem item, RestorePlan made) {
    return SecondLook.required(
        item.batch().name(),
        () -> {
          WorkItem.Fetched fetched = item.fetch(reader);
          boolean right = false;
          try {
            fetched.batches().forEach(batch -> checkBlobs(item, batch, made));
            right = true;
            return fetched;
          } finally {
            if (!right) {
              fetched.close();
            }
          }
        },
        CorruptionException.class::isInstance);
  }

  private static void checkBlobs(WorkItem item, DecodedBatch batch, RestorePlan made) {
    batch.forEach((high, low, data, bodyOffset) -> {
      Integer crc = made.wanted(high, low, item.ordinal());
      if (crc != null && BatchCodec.crc32c(data) != crc) {
        throw new CorruptionException(
            "a blob is not what its batch's index says: object=" + item.batch().name(),
            new BlobId(high, low),
            -1,
            Integer.toUnsignedLong(crc),
            Integer.toUnsignedLong(BatchCodec.crc32c(data)),
            null);
      }
    });
  }

  private void tellTotal() {
    long entries = 0;
    long dataBytes = 0;
    for (BatchReference batch : batches) {
      entries += batch.entries();
      dataBytes += dataBytes(batch);
    }
    progress.onTotal(entries, dataBytes);
  }

  private void tellDone(long entries, long dataBytes) {
    entriesDone += entries;
    bytesDone += dataBytes;
    progress.onProgress(entriesDone, bytesDone);
  }

  static long dataBytes(BatchReference batch) {
    long keys = batch.entries() * (BlobId.BYTES + BatchCodec.ENTRY_FRAMING_BYTES);
    return Math.max(0, batch.uncompressedBytes() - keys);
  }

  /** Decides whether an entry that was fetched is put. */
  @FunctionalInterface
  private interface Choice {
    boolean isPut(WorkItem item, long high, long low, MemorySegment data);
  }

  private void fetch(
      List<WorkItem> items, Function<WorkItem, WorkItem.Fetched> read, Choice choice) {
    List<OrderedReads.Read<WorkItem.Fetched>> reads = new ArrayList<>();
    for (WorkItem item : items) {
      reads.add(new OrderedReads.Read<>(item.bytes(), () -> read.apply(item)));
    }
    try (OrderedReads<WorkItem.Fetched> ahead =
        new OrderedReads<>(reads, BATCHES_AHEAD_MAX, BYTES_AHEAD_MAX)) {
      while (ahead.hasNext()) {
        checkNotInterrupted();
        WorkItem.Fetched fetched = ahead.next();
        try {
          long[] counts = new long[2];
          for (DecodedBatch batch : fetched.batches()) {
            apply(fetched.item(), batch, choice, counts);
          }
          batchesFetched++;
          boolean all = plan == null;
          BatchReference batch = fetched.item().batch();
          tellDone(all ? batch.entries() : counts[0], all ? dataBytes(batch) : counts[1]);
        } finally {
          ahead.free(fetched);
        }
      }
    }
  }

  private void apply(WorkItem item, DecodedBatch batch, Choice choice, long[] counts) {
    boolean puts = item.batch().kind() == BatchReference.Kind.PUTS;
    batch.forEach((high, low, data, bodyOffset) -> {
      if (!puts && data.byteSize() > 0) {
        throw new CorruptionException(
            "a delete carries data: object=" + item.batch().name(),
            new BlobId(high, low),
            -1,
            0,
            data.byteSize(),
            null);
      }
      if (choice.isPut(item, high, low, data)) {
        epochs.put(new BlobId(high, low), data);
        counts[0]++;
        counts[1] += data.byteSize();
      }
    });
  }

  /** Ends a restore whose thread was interrupted, with the flag still set. */
  static void checkNotInterrupted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new TierUnavailableException(
          "the restore was interrupted; the blobs that it put stay, so restore onto them to resume",
          null);
    }
  }

  /**
   * Reports blobs that a repair recorded as lost.
   *
   * @throws CorruptionException if a record is gone or damaged.
   */
  void tellRecordedLosses(LossListener losses) {
    for (String record : chain.latest().collection().lost()) {
      try (DecodedBatch batch = reader.read(record, null)) {
        batch.forEach((high, low, data, bodyOffset) -> {
          BlobId id = new BlobId(high, low);
          if (!into.contains(id)) { // else it was put again
            losses.onLostBlob(id, -1, chain.latest().sequence());
            lostBlobs++;
          }
        });
      }
    }
  }

  RestoreReport report() {
    return new RestoreReport(
        chain.latest().sequence(),
        chain.latest().lastEpoch(),
        epochs.blobs(),
        epochs.bytes(),
        plan == null ? 0 : plan.keptBlobs(),
        deletedBlobs,
        batches.size(),
        batchesFetched,
        chain.manifests().size(),
        lostBlobs == 0
            ? RestoreReport.Losses.NONE
            : new RestoreReport.Losses(0, 0, lostBlobs, 0, 0, 0));
  }

  @Override
  public void close() {
    epochs.close();
    if (plan != null) {
      plan.close();
    }
    seen.close();
  }
}
