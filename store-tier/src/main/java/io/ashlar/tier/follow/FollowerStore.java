package io.ashlar.tier.follow;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobReads;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.ReadListener;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.AsyncTarget;
import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.Closing;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.store.spi.ReadOutcomes;
import io.ashlar.store.spi.StoreFuture;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.readback.BatchReadBack;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the checkpoints of a store from its tier alone, on any machine. It needs no local file, and
 * does not disturb the store.
 *
 * <pre>{@code
 * try (FollowerStore follower =
 *     FollowerStore.open(ObjectStores.open("s3://bucket/prefix"), FollowerConfig.DEFAULTS)) {
 *   follower.get(id, target); // as of the newest checkpoint when it was opened
 *   follower.refresh(); // and from here on as of the newest now
 * }
 * }</pre>
 *
 * <p>Every read sees one whole checkpoint: the state of the store after one epoch. Without a pin,
 * retention may drop the checkpoint. Reads then throw {@link CheckpointDroppedException} until
 * {@link #refresh} moves to a newer one. A blob costs one ranged GET of its frames, or none if
 * these are cached ({@link FollowerConfig#readBack}). It is verified against the checksum in its
 * batch's index.
 *
 * <p><b>Lost objects.</b> A follower that is opened on a checkpoint with lost or damaged objects
 * reads every blob whose state is certain. For any other id it throws {@link CorruptionException},
 * never an old state or "not found". {@link #refresh} does not move to such a checkpoint.
 *
 * <p>Thread: any. Memory: the index ({@link FollowerConfig#indexBytesMax}), the read-back cache
 * ({@link io.ashlar.tier.ReadBackConfig#cacheBytes}), and the blob of each open lease. The lease's
 * own close frees its blob; {@link #close} frees the rest.
 */
public final class FollowerStore implements BlobReads, AutoCloseable {
  private final ObjectStore objects;
  private final FollowedCheckpoint followed;
  private final VerifiedReads reads;
  private final Callbacks callbacks;
  private final Closing closing;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("ashlar-follower-", 0).factory());
  private final OpenLeases leases = new OpenLeases();

  private FollowerStore(
      ObjectStore objects, FollowedCheckpoint followed, VerifiedReads reads, Callbacks callbacks) {
    this.objects = objects;
    this.followed = followed;
    this.reads = reads;
    this.callbacks = callbacks;
    this.closing = new Closing("follower of " + objects, this::closeNow, () -> {});
  }

  /**
   * Opens a tier for reading. This sends one GET for each manifest of the chain and one or two for
   * each batch, several at the same time.
   *
   * @param objects the tier; closed with the follower. If this fails, it stays open.
   * @param config the settings.
   * @return the follower; the caller closes it.
   * @throws StoreOpenException if there is no checkpoint, if there never was the one asked for, or
   *     if its index needs more memory than is allowed.
   * @throws CheckpointDroppedException if retention dropped it; the message names the retained
   *     ones.
   * @throws CorruptionException naming an object that is damaged or gone, if no manifest is left.
   * @throws io.ashlar.store.WrongKeyException if a batch is encrypted, and its key is not among
   *     {@link FollowerConfig#keys}.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote a manifest.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static FollowerStore open(ObjectStore objects, FollowerConfig config) {
    Callbacks callbacks = new Callbacks("follower of " + objects);
    TierObjects keyed = TierObjects.marked(objects, config.keys(), callbacks);
    VerifiedReads reads = new VerifiedReads(new BatchReadBack(keyed, config.readBack()));
    FollowedCheckpoint followed = null;
    try {
      followed = new FollowedCheckpoint(keyed, config);
      return new FollowerStore(keyed.store(), followed, reads, callbacks);
    } finally {
      if (followed == null) {
        reads.close();
      }
    }
  }

  /**
   * Moves to the newest checkpoint. Reads that begin after this returned see it; earlier reads
   * finish on the checkpoint that they began with. Without a newer checkpoint this sends three to
   * five requests; otherwise it fetches the new manifests and indexes. If it fails, the follower
   * keeps its checkpoint.
   *
   * @return whether there was a newer one; always false if a fixed checkpoint was opened.
   * @throws StoreOpenException if the prefix no longer holds the tier that was followed: it is
   *     empty, was put back to an earlier state, or holds another store's. Open a new follower.
   * @throws CorruptionException naming the manifest or batch that is damaged or gone.
   * @throws CheckpointDroppedException if newer ones are dropped as fast as they are read.
   * @throws TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if this is closed.
   * @throws IllegalStateException if the object store or the keys of this follower called it.
   */
  public boolean refresh() {
    callbacks.refuseListener(); // within another refresh, perhaps
    return followed.refresh();
  }

  /**
   * {@return the sequence of the manifest that reads see}
   *
   * @throws StoreClosedException if this is closed.
   */
  public long checkpoint() {
    CheckpointIndex held = followed.current();
    try {
      return held.sequence();
    } finally {
      held.release();
    }
  }

  /** {@return how blobs were read back since this was opened} Makes no request. */
  public ReadBackStats readBackStats() {
    return reads.readBackStats();
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
      reads.read(held, id, value);
      lent = true;
      return leases.lend(arena, value.asReadOnly());
    } finally {
      held.release();
      if (!lent) {
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
      reads.read(held, id, target.asSlice(0, length));
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
      callbacks.beginCallback();
      try {
        while (buffer.hasRemaining()) {
          target.write(buffer);
        }
      } finally {
        callbacks.endCallback();
      }
      return lease.value().byteSize();
    }
  }

  @Override
  public CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    AsyncTarget.check(target);
    StoreFuture<Long> future = new StoreFuture<>(callbacks);
    start(() -> {
      try {
        future.complete(get(id, target));
      } catch (RuntimeException | Error e) {
        FutureOutcomes.fail(future, e);
      }
    });
    return future;
  }

  @Override
  public void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    AsyncTarget.check(target);
    start(() -> {
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

  /** Starts a read; listeners, and stages of its future, are told on its thread. */
  private void start(Runnable read) {
    execute(() -> {
      callbacks.beginCallback();
      try {
        read.run();
      } finally {
        callbacks.endCallback();
      }
    });
  }

  private void execute(Runnable read) {
    try {
      threads.execute(read);
    } catch (RejectedExecutionException e) { // close() has shut them down
      throw new StoreClosedException("the follower is closed: tier=" + objects, e);
    }
  }

  @Override
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    callbacks.refuseListener(); // other threads read
    callbacks.beginCallback();
    try {
      new ManyReads(followed, reads, this::execute).readAll(ids, visitor);
    } finally {
      callbacks.endCallback();
    }
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

  /**
   * Visits every blob of the checkpoint, each once; none is {@code local}.
   *
   * @throws CorruptionException if objects of the checkpoint are lost, after every certain blob was
   *     visited.
   * @throws StoreClosedException if this is closed.
   */
  @Override
  public void forEach(BlobVisitor visitor) {
    CheckpointIndex held = followed.current();
    try {
      callbacks.beginCallback();
      try {
        held.forEach(visitor);
      } finally {
        callbacks.endCallback();
      }
      held.checkWhole();
    } finally {
      held.release();
    }
  }

  /**
   * {@return the number of the last epoch of the checkpoint that reads see}
   *
   * @throws StoreClosedException if this is closed.
   */
  public long epoch() {
    CheckpointIndex held = followed.current();
    try {
      return held.manifest().lastEpoch();
    } finally {
      held.release();
    }
  }

  /**
   * {@return the identity of the store that is followed}
   *
   * @throws StoreClosedException if this is closed.
   */
  public long storeId() {
    CheckpointIndex held = followed.current();
    try {
      return held.manifest().storeId();
    } finally {
      held.release();
    }
  }

  /**
   * {@return what the checkpoint holds and what was read} Makes no request.
   *
   * @throws StoreClosedException if this is closed.
   */
  public FollowerStats stats() {
    CheckpointIndex held = followed.current();
    try {
      return new FollowerStats(
          held.blobs(),
          held.blobBytes(),
          held.bytes(),
          leases.count(),
          leases.bytes(),
          reads.reads(),
          reads.bytesRead());
    } finally {
      held.release();
    }
  }

  /**
   * Ends reads in progress, releases the pin and closes the object store. Idempotent. During the
   * shutdown of the JVM this waits two seconds at most.
   *
   * @throws IllegalStateException if a callback of this follower called it.
   */
  @Override
  public void close() {
    callbacks.refuseCallback();
    closing.close();
  }

  private void closeNow() {
    if (followed.close(reads::close)) {
      leases.warnOfOpen(objects.toString());
      threads.shutdown();
      objects.close();
    }
  }
}
