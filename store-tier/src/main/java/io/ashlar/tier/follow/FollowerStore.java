package io.ashlar.tier.follow;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.CheckpointDroppedException;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.fetch.BatchColdStorage;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.gc.HeldCheckpoint;
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
import java.util.concurrent.locks.ReentrantLock;
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
public final class FollowerStore implements BlobStore {
  private static final int READS_AT_ONCE = 32;
  private static final int ATTEMPTS_MAX = 3;
  private static final MemorySegment MISSING = MemorySegment.ofArray(new byte[0]);
  private static final String PIN_OWNER = "follower";

  private final ObjectStore objects;
  private final FollowerConfig config;
  private final ManifestStore manifests;
  private final BatchReader reader;
  private final BatchColdStorage blobs;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("ashlar-follower-", 0).factory());
  private final ReentrantLock refreshing = new ReentrantLock();
  private final LongAdder reads = new LongAdder();
  private final LongAdder bytesRead = new LongAdder();

  /** Written by who refreshes or closes, read by any thread; null once closed. */
  private volatile @Nullable CheckpointIndex index;

  private FollowerStore(ObjectStore objects, FollowerConfig config) {
    this.objects = objects;
    this.config = config;
    this.manifests = new ManifestStore(objects);
    this.reader = new BatchReader(objects);
    this.blobs = new BatchColdStorage(objects, config.readBack());
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
    FollowerStore follower = new FollowerStore(objects, config);
    boolean done = false;
    try {
      follower.moveTo(config.checkpoint());
      done = true;
      return follower;
    } finally {
      if (!done) {
        follower.blobs.close();
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
    if (config.checkpoint() > 0) {
      throw new UnsupportedOperationException(
          "this follower was opened at one checkpoint for good: checkpoint="
              + config.checkpoint()
              + ", tier="
              + objects);
    }
    TierManifest latest = manifests.latest();
    CheckpointIndex now = current();
    try {
      if (latest != null && latest.sequence() == now.manifest().sequence()) {
        return false;
      }
    } finally {
      now.release();
    }
    return moveTo(0);
  }

  private boolean moveTo(long checkpoint) {
    refreshing.lock();
    try {
      for (int attempt = 1; ; attempt++) {
        try {
          CheckpointIndex before = index;
          index = made(checkpoint, before);
          if (before != null) {
            before.release();
          }
          return true;
        } catch (CheckpointDroppedException e) {
          if (checkpoint > 0 || attempt == ATTEMPTS_MAX) {
            throw e;
          }
        }
      }
    } finally {
      refreshing.unlock();
    }
  }

  private CheckpointIndex made(long checkpoint, @Nullable CheckpointIndex before) {
    HeldCheckpoint held = HeldCheckpoint.take(objects, checkpoint, config.pin(), PIN_OWNER);
    if (held == null) {
      throw new StoreOpenException(
          "there is no checkpoint to follow: no manifest is below this prefix: tier=" + objects,
          null);
    }
    CheckpointIndex made = null;
    try {
      made = CheckpointIndex.make(held, held.chain(), reader, before, config.indexBytesMax());
      return made;
    } catch (CorruptionException e) {
      throw held.explained(e);
    } finally {
      if (made == null) {
        held.close();
      }
    }
  }

  /** The index, held for the caller, who releases it. */
  private CheckpointIndex current() {
    while (true) {
      CheckpointIndex held = index;
      if (held == null) {
        throw new StoreClosedException("the follower is closed: tier=" + objects, null);
      }
      if (held.retain()) {
        return held;
      }
    }
  }

  /** The sequence of the manifest that reads see. */
  public long checkpoint() {
    CheckpointIndex held = current();
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
    CheckpointIndex held = current();
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
    CheckpointIndex held = current();
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
      long length;
      try {
        length = get(id, target);
      } catch (RuntimeException e) {
        listener.onFailed(id, e);
        return;
      }
      listener.onRead(id, length);
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
    CheckpointIndex held = current();
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
    CheckpointIndex held = current();
    try {
      return held.length(id);
    } finally {
      held.release();
    }
  }

  /** Visits every blob of the checkpoint, each once; none is {@code local}. */
  @Override
  public void forEach(BlobVisitor visitor) {
    CheckpointIndex held = current();
    try {
      held.forEach(visitor);
    } finally {
      held.release();
    }
  }

  /** The last epoch of the checkpoint that reads see. */
  @Override
  public long durableEpoch() {
    CheckpointIndex held = current();
    try {
      return held.manifest().lastEpoch();
    } finally {
      held.release();
    }
  }

  @Override
  public StoreStats stats() {
    CheckpointIndex held = current();
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

  private UnsupportedOperationException readOnly(String what) {
    return new UnsupportedOperationException(
        what
            + " is refused: this is a read-only follower of "
            + objects
            + "; write to the store that is tiered there, or restore it and tier that elsewhere");
  }

  /** Always throws {@link UnsupportedOperationException}: a follower does not write. */
  @Override
  public Epoch beginEpoch() {
    throw readOnly("a write");
  }

  /** Always throws {@link UnsupportedOperationException}: each checkpoint is a snapshot already. */
  @Override
  public Snapshot snapshot() {
    throw readOnly("a snapshot");
  }

  /** Always throws {@link UnsupportedOperationException}: {@link #refresh} instead. */
  @Override
  public void awaitDurable(long epoch) {
    throw readOnly("waiting for an epoch");
  }

  /** Always throws {@link UnsupportedOperationException}: a follower does not write. */
  @Override
  public long claimBytesMax() {
    throw readOnly("a write");
  }

  /** Always throws {@link UnsupportedOperationException}: there are no local blobs. */
  @Override
  public VerifyReport verify(VerifyOptions options, VerifyListener listener) {
    throw readOnly("verifying local blobs");
  }

  /** Always throws {@link UnsupportedOperationException}: there is no data file. */
  @Override
  public VacuumReport vacuum(VacuumOptions options, VacuumListener listener) {
    throw readOnly("a vacuum");
  }

  /** Ends reads in progress, gives the pin back and closes the object store. Idempotent. */
  @Override
  public void close() {
    refreshing.lock();
    try {
      CheckpointIndex last = index;
      if (last == null) {
        return;
      }
      index = null;
      blobs.close();
      last.checkpoint().close(); // now, while the object store is open, whoever still reads
      last.release();
    } finally {
      refreshing.unlock();
    }
    threads.shutdown();
    objects.close();
  }
}
