package io.ashlar.tier.restore;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CommitReport;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.fetch.DecodedBatch;
import io.ashlar.tier.fetch.IdTable;
import io.ashlar.tier.object.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Puts the batches of a chain into a store. Thread: one. Memory: its own, freed by close, which
 * also waits for what is being fetched and committed.
 */
final class RestoreRun implements AutoCloseable {
  private static final int COMMITS_MAX = 4;
  private static final long EPOCH_BYTES = 8L << 20;
  private static final int EPOCH_OPERATIONS = 4_096;

  private final BlobStore into;
  private final List<BatchReference> batches;
  private final TierProgress progress;
  private final BatchReadAhead readAhead;
  private final IdTable seen = new IdTable(0);
  private final Deque<CompletableFuture<CommitReport>> commits = new ArrayDeque<>();

  private @Nullable Epoch epoch;
  private long blobs;
  private long bytes;

  RestoreRun(
      ObjectStore objects, BlobStore into, List<BatchReference> batches, TierProgress progress) {
    this.into = into;
    this.batches = batches;
    this.progress = progress;
    this.readAhead = new BatchReadAhead(objects, batches);
  }

  void run() {
    long entriesTotal = 0;
    long bytesTotal = 0;
    for (BatchReference batch : batches) {
      entriesTotal += batch.entries();
      bytesTotal += dataBytes(batch);
    }
    progress.onTotal(entriesTotal, bytesTotal);
    long entries = 0;
    long read = 0;
    for (BatchReference reference : batches) {
      try (DecodedBatch batch = readAhead.next()) {
        apply(reference, batch);
      }
      entries += reference.entries();
      read += dataBytes(reference);
      progress.onProgress(entries, read);
    }
    commit();
    while (!commits.isEmpty()) {
      awaitOldest();
    }
  }

  private static long dataBytes(BatchReference batch) {
    long keys = batch.entries() * (BlobId.BYTES + BatchCodec.ENTRY_FRAMING_BYTES);
    return Math.max(0, batch.uncompressedBytes() - keys);
  }

  private void apply(BatchReference reference, DecodedBatch batch) {
    boolean puts = reference.kind() == BatchReference.Kind.PUTS;
    batch.forEach((high, low, data, bodyOffset) -> {
      if (!puts && data.byteSize() > 0) {
        throw new CorruptionException(
            "a delete carries data: object=" + reference.name(),
            new BlobId(high, low),
            -1,
            0,
            data.byteSize(),
            null);
      }
      if (seen.putIfAbsent(high, low, 0, 0) && puts) {
        put(new BlobId(high, low), data);
      }
    });
  }

  private void put(BlobId id, MemorySegment data) {
    Epoch open = epoch;
    if (open == null) {
      open = into.beginEpoch();
      epoch = open;
    }
    open.put(id, data);
    blobs++;
    bytes += data.byteSize();
    if (open.operationCount() >= EPOCH_OPERATIONS || open.valueBytes() >= EPOCH_BYTES) {
      commit();
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

  RestoreReport report(long manifests) {
    return new RestoreReport(blobs, bytes, batches.size(), manifests);
  }

  @Override
  public void close() {
    if (epoch != null) {
      epoch.close();
    }
    commits.forEach(commit -> commit.exceptionally(e -> null).join());
    readAhead.close();
    seen.close();
  }
}
