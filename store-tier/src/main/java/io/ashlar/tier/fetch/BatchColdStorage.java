package io.ashlar.tier.fetch;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.ColdStorage;
import io.ashlar.tier.object.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Reads evicted blobs back from the batches they were uploaded in.
 *
 * <p>A blob in a batch of version 3 costs one ranged GET of the frames that hold it. What was read
 * is kept for a while, so the other blobs of the same frame cost none. A batch of version 2, as
 * earlier releases wrote, can only be fetched whole, and is kept alike.
 *
 * <p>Frames are verified by their checksums here, and the blob by the store that asked: its index
 * has the checksum of each.
 *
 * <p>Thread: any. Memory: up to the bound for what is kept, and what is being fetched: at most
 * eight frames, large blobs or old batches, each as stored and as a body. What is larger than the
 * bound is freed as soon as its readers have copied.
 */
public final class BatchColdStorage implements ColdStorage, AutoCloseable {
  private final BatchReader reader;
  private final BatchCache cache;

  /**
   * @param objects the tier; stays the caller's and must stay open until this is closed.
   * @param cacheBytesMax native memory for frames and batches that are kept, 0 or more.
   */
  public BatchColdStorage(ObjectStore objects, long cacheBytesMax) {
    this.reader = new BatchReader(objects);
    this.cache = new BatchCache(cacheBytesMax);
  }

  @Override
  public void fetch(BlobId id, ColdReference reference, MemorySegment target) {
    try {
      ColdPlace place = ColdReferenceCodec.decode(reference);
      String key = place.key();
      cache.use(
          reference,
          () -> place.isWhole() ? reader.read(key, null) : reader.readFrames(place),
          batch -> {
            copy(batch, key, id, target);
            return key;
          });
    } catch (CompletionException e) {
      throw rethrown(e.getCause(), id);
    } catch (CorruptionException e) {
      throw rethrown(e, id);
    } catch (IllegalStateException e) {
      throw new TierUnavailableException("the tier is closed: id=" + id, e);
    }
  }

  private static void copy(DecodedBatch batch, String key, BlobId id, MemorySegment target) {
    MemorySegment data = batch.data(id.high(), id.low());
    if (data == null) {
      throw new CorruptionException(
          "batch does not hold the blob: object=" + key, id, -1, target.byteSize(), 0, null);
    }
    if (data.byteSize() != target.byteSize()) {
      throw new CorruptionException(
          "batch holds another length of the blob: object=" + key,
          id,
          -1,
          target.byteSize(),
          data.byteSize(),
          null);
    }
    target.copyFrom(data);
  }

  /** The failure of a fetch that several may share, told to one of them about its own blob. */
  private static RuntimeException rethrown(@Nullable Throwable failure, BlobId id) {
    return switch (failure) {
      case CorruptionException e ->
          new CorruptionException(
              e.getMessage() + ", id=" + id, id, e.block(), e.expected(), e.actual(), e);
      case TierUnavailableException e ->
          new TierUnavailableException(e.getMessage() + ", id=" + id, e);
      case null, default ->
          new TierUnavailableException("reading a blob back failed: id=" + id, failure);
    };
  }

  /** Native memory of what is kept, in bytes. */
  public long cachedBytes() {
    return cache.bytes();
  }

  /** Frees what is kept; fetches from now on fail with {@link TierUnavailableException}. */
  @Override
  public void close() {
    cache.close();
  }
}
