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
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.AsyncTarget;
import io.ashlar.store.spi.Callbacks;
import io.ashlar.store.spi.Closing;
import io.ashlar.store.spi.ConfinedView;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.store.spi.HandleTraces;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.ReadOutcomes;
import io.ashlar.store.spi.StoreFuture;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.readback.BatchReadBack;
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
import java.util.concurrent.RejectedExecutionException;
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
 * read before ({@link BatchReadBack}), and is verified against the checksum in its batch's index.
 *
 * <p><b>Lost objects.</b> A follower that is opened on a checkpoint with lost or damaged objects
 * reads every blob whose state is certain. For any other id it throws {@link CorruptionException},
 * never an old state or "not found". {@link #refresh} does not go on to such a checkpoint.
 *
 * <p>Thread: any. Memory: the index ({@link FollowerConfig#indexBytesMax}), what read-back keeps,
 * and each open lease its blob.
 */
public final class FollowerStore implements BlobReads, AutoCloseable {
  private static final int READS_AT_ONCE = 32;
  private static final MemorySegment MISSING = MemorySegment.ofArray(new byte[0]);

  private final ObjectStore objects;
  private final FollowedCheckpoint followed;
  private final BatchReadBack blobs;
  private final Callbacks callbacks;
  private final Closing closing;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("ashlar-follower-", 0).factory());
  private final LongAdder reads = new LongAdder();
  private final LongAdder bytesRead = new LongAdder();
  private final LongAdder leases = new LongAdder(); // open now
  private final LongAdder leasedBytes = new LongAdder(); // of these
  private final @Nullable HandleTraces traces = HandleTraces.ifWanted();

  private FollowerStore(
      ObjectStore objects, FollowedCheckpoint followed, BatchReadBack blobs, Callbacks callbacks) {
    this.objects = objects;
    this.followed = followed;
    this.blobs = blobs;
    this.callbacks = callbacks;
    this.closing = new Closing("follower of " + objects, this::closeNow, () -> {});
  }

  /**
   * Opens a tier for reading. Costs a GET for each manifest of the chain and one or two for each
   * batch, several at once.
   *
   * @param objects the tier; closed with the follower. If this fails it stays open.
   * @throws StoreOpenException if there is no checkpoint, or never was the one asked for, or its
   *     index needs more memory than is allowed.
   * @throws CheckpointDroppedException if retention dropped it; it says which ones are retained.
   * @throws CorruptionException naming an object that is damaged or gone, if no manifest is left.
   * @throws io.ashlar.store.WrongKeyException if a batch is encrypted, and its key is not among
   *     {@link FollowerConfig#keys}.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote a manifest.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static FollowerStore open(ObjectStore objects, FollowerConfig config) {
    Callbacks callbacks = new Callbacks("follower of " + objects);
    TierObjects keyed = TierObjects.marked(objects, config.keys(), callbacks);
    BatchReadBack blobs = new BatchReadBack(keyed, config.readBack());
    FollowedCheckpoint followed = null;
    try {
      followed = new FollowedCheckpoint(keyed, config);
      return new FollowerStore(keyed.store(), followed, blobs, callbacks);
    } finally {
      if (followed == null) {
        blobs.close();
      }
    }
  }

  /**
   * Goes on to the newest checkpoint: reads that begin after this returned see it, others finish on
   * the one they began with. Costs three to five requests when there is none newer, and what is new
   * otherwise. If it fails, the follower stays where it is.
   *
   * @return whether there was a newer one; never of a follower that was opened at one checkpoint.
   * @throws StoreOpenException if the prefix does not hold the tier any more that was followed: it
   *     is empty, was put back to an earlier state, or holds another store's. Open a new follower.
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

  /** Returns the sequence of the manifest that reads see. */
  public long checkpoint() {
    CheckpointIndex held = followed.current();
    try {
      return held.sequence();
    } finally {
      held.release();
    }
  }

  /** Returns how blobs were read back since this was opened. */
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

  /** A blob in memory of its own; its thread's, and only as long as it is open. */
  private final class Lease implements BlobLease {
    private final Arena arena;
    private final MemorySegment value;

    Lease(Arena arena, MemorySegment value) {
      this.arena = arena;
      this.value = value;
      leases.increment();
      leasedBytes.add(value.byteSize());
      if (traces != null) {
        traces.taken(this, "lease");
      }
    }

    @Override
    public MemorySegment value() {
      if (!arena.scope().isAlive()) {
        throw new IllegalStateException("the lease was closed: take another, or close it later");
      }
      return value;
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
        leases.decrement();
        leasedBytes.add(-value.byteSize());
        if (traces != null) {
          traces.returned(this);
        }
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
    } catch (RejectedExecutionException e) { // they were shut down
      throw new StoreClosedException("the follower is closed: tier=" + objects, e);
    }
  }

  @Override
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    callbacks.refuseListener(); // other threads read
    callbacks.beginCallback();
    try {
      readAll(ids, visitor);
    } finally {
      callbacks.endCallback();
    }
  }

  private void readAll(List<BlobId> ids, BatchVisitor visitor) {
    for (int from = 0; from < ids.size(); from += READS_AT_ONCE) {
      List<BlobId> some = ids.subList(from, Math.min(ids.size(), from + READS_AT_ONCE));
      try (Arena arena = Arena.ofShared()) {
        List<CompletableFuture<MemorySegment>> values = new ArrayList<>();
        for (BlobId id : some) {
          values.add(FutureOutcomes.supply(() -> value(id, arena), this::execute));
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
      try (ConfinedView view = new ConfinedView(bytes)) { // gone before the batch's arena
        visitor.onBlob(place, id, view.value());
      }
    }
  }

  private void read(CheckpointIndex held, BlobId id, MemorySegment target) {
    if (target.byteSize() > 0) {
      int crc;
      try {
        blobs.readBack(id, held.reference(id), target);
        crc = BatchCodec.crc32c(target);
        if (crc != held.crc32c(id)) {
          blobs.readBackAgain(id, held.reference(id), target);
          crc = BatchCodec.crc32c(target);
        }
      } catch (CorruptionException e) {
        throw held.checkpoint().explained(e);
      }
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

  /**
   * Visits every blob of the checkpoint, each once; none is {@code local}.
   *
   * @throws CorruptionException if objects of the checkpoint are lost, after every blob was visited
   *     that is certain.
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

  /** Returns the number of the last epoch of the checkpoint that reads see. */
  public long epoch() {
    CheckpointIndex held = followed.current();
    try {
      return held.manifest().lastEpoch();
    } finally {
      held.release();
    }
  }

  /** Returns the identity of the store that is followed. */
  public long storeId() {
    CheckpointIndex held = followed.current();
    try {
      return held.manifest().storeId();
    } finally {
      held.release();
    }
  }

  /** Returns what the checkpoint holds and what was read. */
  public FollowerStats stats() {
    CheckpointIndex held = followed.current();
    try {
      return new FollowerStats(
          held.blobs(),
          held.blobBytes(),
          held.bytes(),
          leases.intValue(),
          leasedBytes.sum(),
          reads.sum(),
          bytesRead.sum());
    } finally {
      held.release();
    }
  }

  /**
   * Ends reads in progress, gives the pin back and closes the object store. Idempotent. Once the
   * JVM shuts down, this waits two seconds at most.
   *
   * @throws IllegalStateException if a callback of this follower called it.
   */
  @Override
  public void close() {
    callbacks.refuseCallback();
    closing.close();
  }

  private void closeNow() {
    if (followed.close(blobs::close)) {
      reportOpenLeases();
      threads.shutdown();
      objects.close();
    }
  }

  private void reportOpenLeases() {
    if (leases.sum() > 0) {
      Log.log(
          FollowerStore.class,
          System.Logger.Level.WARNING,
          "the follower was closed with leases open, whose memory is freed only by their own"
              + " close: tier="
              + objects
              + ", openLeases="
              + leases.sum()
              + ", leasedBytes="
              + leasedBytes.sum(),
          traces == null ? null : traces.oldest());
    }
  }
}
