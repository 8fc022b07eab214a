package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.StoreException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchEncoder;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.fetch.BlobKey;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Packs changes into batch objects and uploads them: one is compressed and sent while the next is
 * filled. Blobs are read from the store straight into the batch.
 *
 * <p>A batch is sent before it would exceed its target. A larger blob is alone in its batch, and
 * nothing is filled while that is sent, so memory is bounded by two batches of the target, or one
 * blob, each as a body and as an object.
 *
 * <p>Thread: the tiering agent; sending runs on the given thread. Memory: its own, freed by close.
 */
final class BatchPacker implements AutoCloseable {
  private static final int PUT_ATTEMPTS_MAX = 3;

  private final TierSource source;
  private final ObjectStore objects;
  private final TierWriter writer;
  private final BlobLocations locations;
  private final Executor sender;
  private final long bytesTarget;
  private final MemorySegment key = MemorySegment.ofArray(new byte[BlobId.BYTES]);
  private final List<BatchReference> sent = new ArrayList<>();

  private BatchEncoder filling = new BatchCodec().newEncoder();
  private BatchEncoder sending = new BatchCodec().newEncoder();
  private @Nullable CompletableFuture<BatchReference> inFlight;
  private TierKeys.@Nullable BatchName name;
  private int ordinal;
  private BatchReference.Kind kind = BatchReference.Kind.PUTS;
  private long blobs;
  private long blobBytes;
  private long deletes;

  BatchPacker(
      TierSource source,
      ObjectStore objects,
      TierWriter writer,
      BlobLocations locations,
      Executor sender,
      long bytesTarget) {
    this.source = source;
    this.objects = objects;
    this.writer = writer;
    this.locations = locations;
    this.sender = sender;
    this.bytesTarget = bytesTarget;
  }

  /**
   * Packs the blob of a change, or leaves it out if it changed since.
   *
   * @throws StoreException if reading it or sending a batch failed.
   */
  void put(BlobChange change) {
    boolean alone = entryBytes(change.length()) > bytesTarget;
    begin(BatchReference.Kind.PUTS, change.length());
    if (alone) {
      await();
    }
    BlobKey.write(change.id().high(), change.id().low(), key);
    MemorySegment target = filling.claim(key, change.length());
    if (source.read(change, target) < 0) {
      filling.removeLast(key.byteSize(), change.length());
      return;
    }
    locations.put(change, ordinal);
    blobs++;
    blobBytes += change.length();
    if (alone) {
      send();
      await();
    }
  }

  /** Packs a delete. */
  void delete(BlobChange change) {
    begin(BatchReference.Kind.DELETES, 0);
    BlobKey.write(change.id().high(), change.id().low(), key);
    filling.claim(key, 0);
    locations.delete(change);
    deletes++;
  }

  /** Makes sure that the batch being filled is of this kind and has room. */
  private void begin(BatchReference.Kind wanted, long length) {
    boolean full = filling.bodyBytes() + entryBytes(length) > bytesTarget;
    if (filling.entries() > 0 && (kind != wanted || full)) {
      send();
    }
    kind = wanted;
    if (name == null) {
      name = writer.newBatchName();
      ordinal = locations.addBatch(name);
    }
  }

  private long entryBytes(long length) {
    return length + key.byteSize() + BatchCodec.ENTRY_FRAMING_BYTES;
  }

  private void send() {
    TierKeys.BatchName sendName = name;
    if (filling.entries() == 0 || sendName == null) {
      return;
    }
    await();
    BatchEncoder full = filling;
    BatchReference.Kind sendKind = kind;
    inFlight = CompletableFuture.supplyAsync(() -> encodeAndPut(full, sendName, sendKind), sender);
    filling = sending;
    sending = full;
    name = null;
  }

  private BatchReference encodeAndPut(
      BatchEncoder full, TierKeys.BatchName batch, BatchReference.Kind batchKind) {
    String object = TierKeys.batch(batch.generation(), batch.number(), batch.id());
    MemorySegment bytes = full.encode();
    put(object, bytes);
    BatchReference reference =
        new BatchReference(
            object,
            batchKind,
            full.entries(),
            bytes.byteSize(),
            full.bodyBytes(),
            Integer.toUnsignedLong(BatchCodec.crc32c(bytes)));
    full.clear();
    return reference;
  }

  /** The name is ours alone, so sending the same bytes again after no answer is harmless. */
  private void put(String object, MemorySegment bytes) {
    for (int attempt = 1; ; attempt++) {
      try {
        objects.put(object, ObjectBody.of(bytes));
        return;
      } catch (ObjectStoreException e) {
        if (!e.retryable() || attempt == PUT_ATTEMPTS_MAX) {
          throw new TierUnavailableException("uploading a batch failed: " + e.getMessage(), e);
        }
      }
    }
  }

  /** Waits for what is being sent. */
  private void await() {
    CompletableFuture<BatchReference> waited = inFlight;
    inFlight = null;
    if (waited == null) {
      return;
    }
    try {
      sent.add(waited.join());
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /**
   * Sends what is left and waits for it.
   *
   * @return the batches since the last call, in the order in which they apply; all are durable.
   */
  List<BatchReference> drain() {
    send();
    await();
    List<BatchReference> batches = List.copyOf(sent);
    sent.clear();
    return batches;
  }

  /** Batches since the last {@link #drain} that are durable. */
  int sentCount() {
    return sent.size();
  }

  /** Blobs packed. */
  long blobs() {
    return blobs;
  }

  /** Their bytes. */
  long blobBytes() {
    return blobBytes;
  }

  /** Deletes packed. */
  long deletes() {
    return deletes;
  }

  /** Waits for what is being sent, whatever becomes of it, and frees the memory. */
  @Override
  public void close() {
    if (inFlight != null) {
      inFlight.exceptionally(e -> null).join();
      inFlight = null;
    }
    filling.close();
    sending.close();
  }
}
