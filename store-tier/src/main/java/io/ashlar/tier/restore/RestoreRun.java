package io.ashlar.tier.restore;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CommitReport;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.fetch.DecodedBatch;
import io.ashlar.tier.fetch.IdTable;
import io.ashlar.tier.fetch.OrderedReads;
import io.ashlar.tier.object.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Puts the batches of a chain into a store. Thread: one. Memory: its own, freed by close, which
 * also ends what is being fetched and waits for what is being committed.
 */
final class RestoreRun implements AutoCloseable {
  static final int BATCHES_AHEAD_MAX = 8;
  static final long BYTES_AHEAD_MAX = 64L << 20;

  private static final int COMMITS_MAX = 4;
  private static final long EPOCH_BYTES = 8L << 20;
  private static final int EPOCH_OPERATIONS = 4_096;

  /** Ids for which there is room before any was read: a manifest is not believed beyond that. */
  private static final long IDS_EXPECTED_MAX = 64 << 10;

  private final BlobStore into;
  private final ManifestChain chain;
  private final List<BatchReference> batches;
  private final TierProgress progress;
  private final BatchReader reader;

  /** Ids that were met, in a restore into an empty store. */
  private final IdTable seen;

  private final Deque<CompletableFuture<CommitReport>> commits = new ArrayDeque<>();

  private @Nullable Epoch epoch;
  private @Nullable RestorePlan plan;
  private long entriesDone;
  private long bytesDone;
  private long blobs;
  private long bytes;
  private long batchesFetched;
  private long deletedBlobs;

  RestoreRun(ObjectStore objects, BlobStore into, ManifestChain chain, TierProgress progress) {
    this.into = into;
    this.chain = chain;
    this.batches = chain.batchesNewestFirst();
    this.progress = progress;
    this.reader = new BatchReader(objects);
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
        (item, high, low, data) ->
            seen.putIfAbsent(high, low, 0, 0) && item.batch().kind() == BatchReference.Kind.PUTS);
    finish();
  }

  /** Makes a store that may hold blobs the same as the checkpoint, and fetches what differs. */
  void complete(TierSource source) {
    tellTotal();
    RestorePlan made = new RestorePlan(into, source);
    plan = made;
    made.make(reader, batches, this::tellDone);
    fetch(
        made.items(),
        (item, high, low, data) -> {
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
          return crc != null;
        });
    deleteOthers(made);
    finish();
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

  private static long dataBytes(BatchReference batch) {
    long keys = batch.entries() * (BlobId.BYTES + BatchCodec.ENTRY_FRAMING_BYTES);
    return Math.max(0, batch.uncompressedBytes() - keys);
  }

  /** Says whether an entry of what was fetched is put. */
  @FunctionalInterface
  private interface Choice {
    boolean isPut(WorkItem item, long high, long low, MemorySegment data);
  }

  private void fetch(List<WorkItem> items, Choice choice) {
    List<OrderedReads.Read<WorkItem.Fetched>> reads = new ArrayList<>();
    for (WorkItem item : items) {
      reads.add(new OrderedReads.Read<>(item.bytes(), () -> item.fetch(reader)));
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
        put(new BlobId(high, low), data);
        counts[0]++;
        counts[1] += data.byteSize();
      }
    });
  }

  private void put(BlobId id, MemorySegment data) {
    opened().put(id, data);
    blobs++;
    bytes += data.byteSize();
    commitIfFull();
  }

  private Epoch opened() {
    Epoch open = epoch;
    if (open == null) {
      open = into.beginEpoch();
      epoch = open;
    }
    return open;
  }

  private void commitIfFull() {
    Epoch open = opened();
    if (open.operationCount() >= EPOCH_OPERATIONS || open.valueBytes() >= EPOCH_BYTES) {
      commit();
    }
  }

  /** Deletes what the store holds and the checkpoint does not. */
  private void deleteOthers(RestorePlan made) {
    try (Snapshot snapshot = into.snapshot()) {
      snapshot.forEach((high, low, length, local) -> {
        if (!made.isLive(high, low)) {
          opened().delete(new BlobId(high, low));
          deletedBlobs++;
          commitIfFull();
        }
      });
    }
  }

  private void finish() {
    commit();
    while (!commits.isEmpty()) {
      awaitOldest();
    }
  }

  private void commit() {
    Epoch full = epoch;
    if (full == null) {
      return;
    }
    epoch = null;
    try (full) {
      if (commits.size() == COMMITS_MAX) {
        awaitOldest();
      }
      commits.add(full.commitAsync());
    }
  }

  private void awaitOldest() {
    try {
      var _ = commits.remove().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /** Ends a restore whose thread was interrupted, with the flag still set. */
  static void checkNotInterrupted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new TierUnavailableException(
          "the restore was interrupted; what it has put stays, and a restore onto it goes on",
          null);
    }
  }

  RestoreReport report() {
    return new RestoreReport(
        chain.latest().sequence(),
        chain.latest().lastEpoch(),
        blobs,
        bytes,
        plan == null ? 0 : plan.keptBlobs(),
        deletedBlobs,
        batches.size(),
        batchesFetched,
        chain.manifests().size());
  }

  @Override
  public void close() {
    if (epoch != null) {
      epoch.close();
    }
    commits.forEach(commit -> commit.exceptionally(e -> null).join());
    if (plan != null) {
      plan.close();
    }
    seen.close();
  }
}
