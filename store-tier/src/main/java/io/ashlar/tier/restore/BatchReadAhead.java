package io.ashlar.tier.restore;

import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.fetch.DecodedBatch;
import io.ashlar.tier.object.ObjectStore;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Fetches batches in a given order ahead of their use: at most {@value #BATCHES_MAX}, and so many
 * that their bodies stay within {@value #BYTES_MAX} bytes; a larger one is fetched alone.
 *
 * <p>Thread: one. Memory: what was fetched and not asked for is freed by close.
 */
final class BatchReadAhead implements AutoCloseable {
  static final int BATCHES_MAX = 8;
  static final long BYTES_MAX = 64L << 20;

  private record Fetch(long bytes, CompletableFuture<DecodedBatch> batch) {}

  private final BatchReader reader;
  private final List<BatchReference> batches;
  private final Deque<Fetch> fetches = new ArrayDeque<>();
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(
          Thread.ofVirtual().name("ashlar-tier-restore-", 0).factory());
  private int nextFetch;
  private long bytes;

  BatchReadAhead(ObjectStore objects, List<BatchReference> batches) {
    this.reader = new BatchReader(objects);
    this.batches = batches;
  }

  /**
   * The next batch, to be closed before the one after it is asked for.
   *
   * @throws io.ashlar.store.CorruptionException naming the batch, if it is gone or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  DecodedBatch next() {
    fetchAhead();
    Fetch fetch = fetches.remove();
    bytes -= fetch.bytes();
    try {
      return fetch.batch().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void fetchAhead() {
    while (nextFetch < batches.size() && fetches.size() < BATCHES_MAX) {
      BatchReference batch = batches.get(nextFetch);
      if (!fetches.isEmpty() && bytes + batch.uncompressedBytes() > BYTES_MAX) {
        return;
      }
      nextFetch++;
      bytes += batch.uncompressedBytes();
      fetches.add(
          new Fetch(
              batch.uncompressedBytes(),
              CompletableFuture.supplyAsync(() -> reader.read(batch), threads)));
    }
  }

  @Override
  public void close() {
    for (Fetch fetch : fetches) {
      DecodedBatch unused = fetch.batch().exceptionally(e -> null).join();
      if (unused != null) {
        unused.close();
      }
    }
    fetches.clear();
    threads.close();
  }
}
