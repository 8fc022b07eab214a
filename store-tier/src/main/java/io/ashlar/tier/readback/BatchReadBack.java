package io.ashlar.tier.readback;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.WrongKeyException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.ReadBack;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.marked.TierObjects;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Reads evicted blobs back from the batches they were uploaded in.
 *
 * <p>A blob in a batch of version 3 costs one ranged GET of the frames that hold it. The frames are
 * cached in memory and, if a folder is given, in a local file. So the other blobs of the same frame
 * cost no request. Frames that are asked for at the same time share a GET if they lie near each
 * other. A batch that is read in order or repeatedly is read ahead. A slow GET is sent a second
 * time ({@link ReadBackConfig}). A batch of version 2, from an earlier release, is fetched and
 * cached whole.
 *
 * <p>Frames are verified by their checksums here, and the blob by the store that asked: its index
 * has the checksum of each.
 *
 * <p>Thread: any. Memory: the bound of the cache, and the fetches in progress. These are at most
 * eight frames, large blobs or old batches, each as stored and as a body. Anything larger than the
 * bound is freed as soon as its readers have copied it.
 */
public final class BatchReadBack implements ReadBack, AutoCloseable {
  private final TierObjects objects;
  private final BatchCache cache;

  /**
   * Reads back from a tier, and keeps nothing on disk.
   *
   * @param objects the tier; its store stays the caller's and open until this is closed.
   */
  public BatchReadBack(TierObjects objects, ReadBackConfig config) {
    this.objects = objects;
    this.cache = new BatchCache(new BatchReader(objects), config, null);
  }

  /**
   * Reads back from a tier, and keeps frames in a file of a folder too.
   *
   * @param objects the tier; its store stays the caller's and open until this is closed.
   * @param config its {@link ReadBackConfig#diskBytes} bound the file; with 0 there is none.
   * @param folder an existing folder.
   * @throws TierUnavailableException if no file can be made there.
   */
  public BatchReadBack(TierObjects objects, ReadBackConfig config, Path folder) {
    this.objects = objects;
    try {
      FrameDisk disk = config.diskBytes() == 0 ? null : FrameDisk.open(folder, config.diskBytes());
      this.cache = new BatchCache(new BatchReader(objects), config, disk);
    } catch (IOException e) {
      throw new TierUnavailableException(
          "a file for read-back frames cannot be made: folder=" + folder + ", reason=" + e, e);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if the object store or the keys of this tier called it: that may
   *     be the very request that it would wait for.
   */
  @Override
  public void readBack(BlobId id, ColdReference reference, MemorySegment target) {
    objects.refuseWithinRequest();
    try {
      try {
        copy(id, reference, target);
      } catch (CorruptionException ofOtherFrames) {
        // They were verified as frames, and may be kept: those of another place, if an answer was
        // bad. So past what is kept, once.
        cache.forget(reference);
        copy(id, reference, target);
      }
    } catch (CompletionException e) {
      throw rethrown(e.getCause(), id);
    } catch (CorruptionException e) {
      throw rethrown(e, id);
    } catch (IllegalStateException e) {
      throw new TierUnavailableException("the tier is closed: id=" + id, e);
    }
  }

  @Override
  public void readBackAgain(BlobId id, ColdReference reference, MemorySegment target) {
    objects.refuseWithinRequest();
    cache.forget(reference);
    readBack(id, reference, target);
  }

  /** Throws what a fetch threw within a {@link CompletionException}, and nothing else of it. */
  private void copy(BlobId id, ColdReference reference, MemorySegment target) {
    ColdPlace place = ColdReferenceCodec.decode(reference);
    String key = place.key();
    cache.use(
        reference,
        place,
        batch -> {
          copy(batch, key, id, target);
          return key;
        });
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
              e.getMessage() + ", id=" + id + "; " + Remedy.REPAIR,
              id,
              e.block(),
              e.expected(),
              e.actual(),
              e);
      case WrongKeyException e -> new WrongKeyException(e.getMessage() + ", id=" + id, e);
      case TierUnavailableException e ->
          new TierUnavailableException(e.getMessage() + ", id=" + id, e);
      case null, default ->
          new TierUnavailableException("reading a blob back failed: id=" + id, failure);
    };
  }

  /** What was counted since this was made. */
  public ReadBackStats stats() {
    return cache.stats();
  }

  /** Frames and batches that wait for a fetch to begin. */
  int waiting() {
    return cache.waiting();
  }

  /** Native memory of what is kept, in bytes. */
  public long cachedBytes() {
    return cache.bytes();
  }

  /**
   * Frees the cache. Fetches in progress are interrupted, and these and later ones fail with {@link
   * TierUnavailableException}. Idempotent.
   */
  @Override
  public void close() {
    cache.close();
  }
}
