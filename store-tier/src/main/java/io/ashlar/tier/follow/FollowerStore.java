package io.ashlar.tier.follow;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.ReadListener;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.ReadOutcomes;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.fetch.BatchColdStorage;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Reads a store at its checkpoints from its tier alone, on any machine: no local file is needed,
 * and the store goes on undisturbed.
 *
 * <pre>{@code
 * try (FollowerStore follower =
 *     FollowerStore.open(ObjectStores.open("s3://bucket/prefix"), FollowerConfig.DEFAULTS)) {
 *   follower.get(id, target); // as of the newest checkpoint when it was opened
 *   follower.refresh(); // and from here on as of the newest now
 * }
 * }</pre>
 *
 * <p>Every read sees one checkpoint, whole: the state of the store after one epoch. Without a pin
 * retention may drop it meanwhile; reads then throw {@link CheckpointDroppedException}, and go on
 * after a {@link #refresh}. A blob costs one ranged GET of its frames, or none where these were
 * read before ({@link BatchColdStorage}), and is verified against the checksum in its batch's
 * index. Whatever would write throws {@link UnsupportedOperationException}.
 *
 * <p>Thread: any. Memory: the index ({@link FollowerConfig#indexBytesMax}), what read-back keeps,
 * and each open lease its blob.
 */
public final class FollowerStore extends ReadOnlyBlobStore {
  private static final int READS_AT_ONCE = 32;
  private static final MemorySegment MISSING = MemorySegment.ofArray(new byte[0]);

  private final ObjectStore objects;
  private final FollowedCheckpoint followed;
  private final BatchColdStorage blobs;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("ashlar-follower-", 0).factory());
  private final LongAdder reads = new LongAdder();
  private final LongAdder bytesRead = new LongAdder();

  private FollowerStore(ObjectStore objects, FollowedCheckpoint followed, BatchColdStorage blobs) {
    this.objects = objects;
    this.followed = followed;
    this.blobs = blobs;
  }

  /**
   * Opens a tier for reading. Costs a GET for each manifest of the chain and one or two for each
   * batch, several at once.
   *
   * @param objects the tier; closed with the follower. If this fails it stays open.
   * @throws StoreOpenException if there is no checkpoint, or never was the one asked for, or its
   *     index needs more memory than is allowed.
   * @throws CheckpointDroppedException if retention dropped it; it says which ones are retained.
   * @throws CorruptionException naming the manifest or batch that is damaged, or gone though it is
   *     retained.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote a manifest.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static FollowerStore open(ObjectStore objects, FollowerConfig config) {
    BatchColdStorage blobs = new BatchColdStorage(objects, config.readBack());
    FollowedCheckpoint followed = null;
    try {
      followed = new FollowedCheckpoint(objects, config);
      return new FollowerStore(objects, followed, blobs);
    } finally {
      if (followed == null) {
        blobs.close();
      }
    }
  }

  /**
   * Goes on to the newest checkpoint: reads that begin after this returned see it, others finish on
   * the one they began with. Costs one or two requests when there is none newer, and what is new
   * otherwise. If it fails, the follower stays where it is.
   *
   * @return whether there was a newer one.
   * @throws UnsupportedOperationException if this follower was opened at one checkpoint for good.
   * @throws CorruptionException naming the manifest or batch that is damaged or gone.
   * @throws CheckpointDroppedException if newer ones are dropped as fast as they are read.
   * @throws TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if this is closed.
   */
  public boolean refresh() {
    return followed.refresh();
  }

  /** The sequence of the manifest that reads see. */
  public long checkpoint() {
    CheckpointIndex held = followed.current();
    try {
      return held.manifest().sequence();
    } finally {
      held.release();
    }
  }

  /** What was counted of reads since this was opened. */
  public ReadBackStats readBackStats() {
    return blobs.stats();
  }

  @Override
  public @Nullable BlobLease get(BlobId id) {
    Arena arena = Arena.ofConfined();
    boolean lent = false;
    CheckpointIndex held = followed.current();
    try {
      long length = held.length(id);
      if (length < 0) {
        return null;
      }
      MemorySegment value = arena.allocate(length);
      read(held, id, value);
      lent = true;
      return new Lease(arena, value.asReadOnly());
    } finally {
      held.release();
      if (!lent) {
        arena.close();
      }
    }
  }

  private record Lease(Arena arena, MemorySegment value) implements BlobLease {
    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }

  @Override
  public long get(BlobId id, MemorySegment target) {
    CheckpointIndex held = followed.current();
    try {
      long length = held.length(id);
      if (length < 0) {
        return NOT_FOUND;
      }
      if (target.byteSize() < length) {
        throw new IllegalArgumentException(
            "target is shorter than the blob: id="
                + id
                + ", length="
                + length
                + ", target="
                + target.byteSize());
      }
      read(held, id, target.asSlice(0, length));
      return length;
    } finally {
      held.release();
    }
  }

  @Override
  public long get(BlobId id, long offset, long length, MemorySegment target) {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException(
          "a part begins at 0 or later and has 0 bytes or more: offset="
              + offset
              + ", length="
              + length);
    }
    try (BlobLease lease = get(id)) {
      if (lease == null) {
        return NOT_FOUND;
      }
      long count = Math.max(0, Math.min(length, lease.value().byteSize() - offset));
      if (target.byteSize() < count) {
        throw new IllegalArgumentException(
            "target is shorter than the part: id="
                + id
                + ", part="
                + count
                + ", target="
                + target.byteSize());
      }
      MemorySegment.copy(lease.value(), count == 0 ? 0 : offset, target, 0, count);
      return count;
    }
  }

  @Override
  public long get(BlobId id, WritableByteChannel target) throws IOException {
    try (BlobLease lease = get(id)) {
      if (lease == null) {
        return NOT_FOUND;
      }
      ByteBuffer buffer = lease.value().asByteBuffer();
      while (buffer.hasRemaining()) {
        target.write(buffer);
      }
      return lease.value().byteSize();
    }
  }

  @Override
  public CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    return CompletableFuture.supplyAsync(() -> get(id, target), threads);
  }

  @Override
  public void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    threads.execute(() -> {
      long length = 0;
      RuntimeException failure = null;
      try {
        length = get(id, target);
      } catch (RuntimeException | Error e) {
        failure = ReadOutcomes.failure(e);
      }
      ReadOutcomes.tell(listener, id, length, failure);
    });
  }

  @Override
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    for (int from = 0; from < ids.size(); from += READS_AT_ONCE) {
      List<BlobId> some = ids.subList(from, Math.min(ids.size(), from + READS_AT_ONCE));
      try (Arena arena = Arena.ofShared()) {
        List<CompletableFuture<MemorySegment>> values = new ArrayList<>();
        for (BlobId id : some) {
          values.add(CompletableFuture.supplyAsync(() -> value(id, arena), threads));
        }
        // All of them, before the arena can close.
        values.forEach(value -> value.exceptionally(e -> MISSING).join());
        for (int i = 0; i < some.size(); i++) {
          show(from + i, some.get(i), values.get(i), visitor);
        }
      }
    }
  }

  private MemorySegment value(BlobId id, Arena arena) {
    CheckpointIndex held = followed.current();
    try {
      long length = held.length(id);
      if (length < 0) {
        return MISSING;
      }
      MemorySegment value = arena.allocate(length);
      read(held, id, value);
      return value.asReadOnly();
    } finally {
      held.release();
    }
  }

  private static void show(
      int place, BlobId id, CompletableFuture<MemorySegment> value, BatchVisitor visitor) {
    MemorySegment bytes;
    try {
      bytes = value.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof StoreException failure) {
        visitor.onFailed(place, id, failure);
        return;
      }
      throw e;
    }
    if (bytes.equals(MISSING)) {
      visitor.onMissing(place, id);
    } else {
      visitor.onBlob(place, id, bytes);
    }
  }

  private void read(CheckpointIndex held, BlobId id, MemorySegment target) {
    if (target.byteSize() > 0) {
      try {
        blobs.fetch(id, held.reference(id), target);
      } catch (CorruptionException e) {
        throw held.checkpoint().explained(e);
      }
      int crc = BatchCodec.crc32c(target);
      if (crc != held.crc32c(id)) {
        throw new CorruptionException(
            "blob checksum mismatch: id=" + id + ", checkpoint=" + held.manifest().sequence(),
            id,
            -1,
            Integer.toUnsignedLong(held.crc32c(id)),
            Integer.toUnsignedLong(crc),
            null);
      }
    }
    reads.increment();
    bytesRead.add(target.byteSize());
  }

  @Override
  public boolean contains(BlobId id) {
    return length(id) >= 0;
  }

  @Override
  public long length(BlobId id) {
    CheckpointIndex held = followed.current();
    try {
      return held.length(id);
    } finally {
      held.release();
    }
  }

  /** Visits every blob of the checkpoint, each once; none is {@code local}. */
  @Override
  public void forEach(BlobVisitor visitor) {
    CheckpointIndex held = followed.current();
    try {
      held.forEach(visitor);
    } finally {
      held.release();
    }
  }

  /** The last epoch of the checkpoint that reads see. */
  @Override
  public long durableEpoch() {
    CheckpointIndex held = followed.current();
    try {
      return held.manifest().lastEpoch();
    } finally {
      held.release();
    }
  }

  @Override
  public StoreStats stats() {
    CheckpointIndex held = followed.current();
    try {
      return new StoreStats(
          "follower",
          "reads the tier " + objects,
          held.manifest().storeId(),
          held.manifest().incarnation(),
          held.manifest().lastEpoch(),
          held.manifest().lastRecordSequence(),
          held.blobs(),
          held.blobBytes(),
          held.blobs(),
          0,
          0,
          0,
          0,
          0,
          held.bytes(),
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          reads.sum(),
          bytesRead.sum(),
          0,
          0,
          0,
          0,
          0,
          false);
    } finally {
      held.release();
    }
  }

  /** Ends reads in progress, gives the pin back and closes the object store. Idempotent. */
  @Override
  public void close() {
    if (followed.close(blobs::close)) {
      threads.shutdown();
      objects.close();
    }
  }

  @Override
  String tier() {
    return objects.toString();
  }
}
