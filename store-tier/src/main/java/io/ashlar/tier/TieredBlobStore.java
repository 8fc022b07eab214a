package io.ashlar.tier;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobStore;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VacuumReport;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyOptions;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.batch.KeyedObjectStore;
import io.ashlar.tier.fetch.BatchColdStorage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.PriceList;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.RequestLimits;
import io.ashlar.tier.object.RetryingObjectStore;
import io.ashlar.tier.upload.TieringAgent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A store with a tier on object storage. Writes and reads are those of the store it wraps; what
 * became durable there is uploaded by passes, can be evicted, and is read back when it is asked
 * for.
 *
 * <pre>{@code
 * try (TieredBlobStore tiered =
 *     TieredBlobStore.builder(
 *             LocalBlobStore.builder(folder).open(), ObjectStores.open("s3://bucket/prefix"))
 *         .open()) {
 *   // ... epochs as ever ...
 *   tiered.checkpoint(TierProgress.NONE); // now, beside the passes at an interval
 *   tiered.evict(id -> isOld(id));
 * }
 * }</pre>
 *
 * <p>A prefix belongs to one store, and a store to one prefix at a time: deletes are kept only
 * until its tier has them, so a prefix that is left and come back to later misses those between.
 *
 * <p>Thread: any. Memory: that of {@link TieringAgent} and of the read-back cache.
 */
public final class TieredBlobStore implements BlobStore {
  private final BlobStore store;
  private final TierSource source;
  private final ObjectStore objects;
  private final PriceList prices;
  private final TieringAgent agent;
  private final BatchColdStorage cold;

  private TieredBlobStore(
      BlobStore store,
      TierSource source,
      ObjectStore objects,
      PriceList prices,
      TieringAgent agent,
      BatchColdStorage cold) {
    this.store = store;
    this.source = source;
    this.objects = objects;
    this.prices = prices;
    this.agent = agent;
    this.cold = cold;
  }

  /**
   * Starts to put a tier on a store.
   *
   * @param store a store that implements {@link TierSource} too; closed with the tiered store.
   * @param objects the prefix that is, or becomes, this store's tier; closed with the tiered store.
   * @throws IllegalArgumentException if the store offers no {@link TierSource}.
   */
  public static Builder builder(BlobStore store, ObjectStore objects) {
    if (store instanceof TierSource source) {
      return new Builder(store, source, objects);
    }
    throw new IllegalArgumentException(
        "this store cannot be tiered: it offers no TierSource: class="
            + store.getClass().getName());
  }

  /** What a tier is opened with. Thread: one. */
  public static final class Builder {
    private final BlobStore store;
    private final TierSource source;
    private final ObjectStore objects;
    private TierConfig config = TierConfig.DEFAULTS;
    private boolean adopt;
    private @Nullable RequestLimits limits;
    private PriceList prices = PriceList.DEFAULTS;
    private @Nullable Path readBackFolder;

    private Builder(BlobStore store, TierSource source, ObjectStore objects) {
      this.store = store;
      this.source = source;
      this.objects = objects;
    }

    /** Sets the settings; {@link TierConfig#DEFAULTS} otherwise. */
    public Builder config(TierConfig value) {
      config = value;
      return this;
    }

    /**
     * Sets what the tier may use of the object store: requests an hour, bandwidth, concurrency. Its
     * own limits otherwise, none for a directory. A request that would have to wait too long for
     * its budget fails with {@link io.ashlar.store.TierUnavailableException}.
     */
    public Builder limits(RequestLimits value) {
      limits = value;
      return this;
    }

    /** Sets what requests cost, for {@link TierStats#costNanos}. */
    public Builder prices(PriceList value) {
      prices = value;
      return this;
    }

    /**
     * Sets a folder for a file of frames that were read back ({@link ReadBackConfig#diskBytes}).
     */
    public Builder readBackFolder(Path value) {
      readBackFolder = value;
      return this;
    }

    /**
     * Sets whether the store takes over a prefix that another store wrote. It must hold exactly
     * what was tiered there, as it does after a restore from it: everything there is read to make
     * sure.
     */
    public Builder adopt(boolean value) {
      adopt = value;
      return this;
    }

    /**
     * Claims the prefix and starts the passes. If this fails, both stores stay open and the
     * caller's.
     *
     * @throws io.ashlar.store.StoreOpenException if the prefix belongs to another store, if the
     *     store's file is older than its tier, if it cannot adopt, or if it has blobs in another
     *     tier; the message names the way out.
     * @throws io.ashlar.store.FencedException if others keep claiming the prefix.
     * @throws io.ashlar.store.CorruptionException if the tier's manifests are damaged.
     * @throws io.ashlar.store.FormatVersionException if a later release wrote them.
     * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
     */
    public TieredBlobStore open() {
      RequestLimits wanted = limits;
      ObjectStore used =
          wanted == null
              ? objects
              : KeyedObjectStore.below(
                  objects, below -> RetryingObjectStore.limited(below, wanted, prices));
      Path folder = readBackFolder;
      BatchColdStorage cold =
          folder == null
              ? new BatchColdStorage(used, config.readBack())
              : new BatchColdStorage(used, config.readBack(), folder);
      boolean done = false;
      try {
        TieringAgent agent = TieringAgent.open(store, source, used, config, adopt);
        source.setColdStorage(cold);
        done = true;
        return new TieredBlobStore(store, source, used, prices, agent, cold);
      } finally {
        if (!done) {
          cold.close();
        }
      }
    }
  }

  /**
   * Makes one tiering pass now and waits for it. Everything that was durable when this was called
   * is then remote-durable.
   *
   * @param progress told how far it is, on the tier's thread.
   * @return what was uploaded; zeros when nothing had changed, and then no request was made.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix: nothing is
   *     uploaded any more.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer; what was
   *     tiered before stays restorable, and the next pass makes up for this one.
   * @throws io.ashlar.store.CorruptionException if a blob that is to be uploaded is damaged: put it
   *     again or delete it.
   * @throws io.ashlar.store.StoreClosedException if this is closed.
   */
  public CheckpointReport checkpoint(TierProgress progress) {
    return agent.checkpoint(progress);
  }

  /**
   * Drops the local bytes of blobs that are remote-durable, in epochs of bounded size; they are
   * read back from the tier when they are asked for. Blobs that changed since the last pass, empty
   * ones and evicted ones are left alone.
   *
   * @param which the blobs to evict, among those that can be; called on the tier's thread.
   * @return how many were evicted.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix.
   * @throws io.ashlar.store.CorruptionException if a batch that had to be read to find blobs is
   *     gone or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer; what was
   *     evicted before stays so.
   * @throws io.ashlar.store.StoreClosedException if this is closed.
   */
  public long evict(Predicate<BlobId> which) {
    return agent.evict(which);
  }

  /**
   * Drops the checkpoints that {@link TierConfig#upkeep} does not keep, rewrites sparse batches,
   * and deletes from the object store what nothing needs any more; beside the collections at an
   * interval. What is still read by a pinned restore, an open {@link Snapshot} or an evicted blob
   * stays.
   *
   * @param dryRun whether only to say what would be deleted; what compaction would save is not
   *     known then.
   * @return what was done; zeros when nothing can have changed since the last time, and then no
   *     request was made.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix.
   * @throws io.ashlar.store.CorruptionException if a manifest or batch of the tier is damaged:
   *     nothing that is needed was deleted.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer: as
   *     before, and the next collection goes on.
   * @throws io.ashlar.store.StoreClosedException if this is closed.
   */
  public CollectionReport collect(boolean dryRun) {
    return agent.collect(dryRun);
  }

  /** Returns the log sequence up to which every change is remote-durable. */
  public long tieredSequence() {
    return agent.tieredSequence();
  }

  /**
   * Drops the local bytes of remote-durable blobs, those that were written longest ago first.
   *
   * @param bytes stops when so many bytes of the data file are freed, in whole blocks of 4 KiB.
   * @param which the blobs that may be evicted; called on the tier's thread.
   * @return how many were evicted.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws io.ashlar.store.StoreClosedException if this is closed.
   */
  public long evictOldest(long bytes, Predicate<BlobId> which) {
    return agent.evictOldest(bytes, which);
  }

  /**
   * Returns the last epoch that is remote-durable, with all before it: what a restore from the
   * newest checkpoint brings back at least, and what eviction may touch at most.
   */
  public long tieredEpoch() {
    return agent.tieredEpoch();
  }

  /**
   * Waits until an epoch is remote-durable. Where passes are made at an interval it waits for
   * those, however often they fail; where they are not, it makes one. An interrupt is remembered.
   *
   * @throws io.ashlar.store.StoreFailedException if the store was poisoned before the epoch.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix first.
   * @throws io.ashlar.store.TierUnavailableException if a pass made here failed.
   * @throws io.ashlar.store.StoreClosedException if this is closed first.
   */
  public void awaitTiered(long epoch) {
    agent.awaitTiered(epoch);
  }

  /**
   * Returns what was asked of the object store since that was opened, and what it costs. Asking
   * makes no request.
   */
  public TierStats tierStats() {
    RequestCounts counts = objects.requestCounts();
    long[] attempts = RetryingObjectStore.attempts(KeyedObjectStore.inner(objects));
    return new TierStats(
        counts.puts(),
        counts.gets(),
        counts.heads(),
        counts.lists(),
        counts.deletes(),
        counts.bytesSent(),
        counts.bytesReceived(),
        agent.batches(),
        agent.upkeepStats(),
        attempts[0],
        attempts[1],
        prices.costNanos(counts),
        cold.stats());
  }

  @Override
  public Epoch beginEpoch() {
    return store.beginEpoch();
  }

  @Override
  public @Nullable BlobLease get(BlobId id) {
    return store.get(id);
  }

  @Override
  public long get(BlobId id, MemorySegment target) {
    return store.get(id, target);
  }

  @Override
  public long get(BlobId id, long offset, long length, MemorySegment target) {
    return store.get(id, offset, length, target);
  }

  @Override
  public long get(BlobId id, WritableByteChannel target) throws IOException {
    return store.get(id, target);
  }

  @Override
  public CompletableFuture<Long> getAsync(BlobId id, MemorySegment target) {
    return store.getAsync(id, target);
  }

  @Override
  public void getAsync(BlobId id, MemorySegment target, ReadListener listener) {
    store.getAsync(id, target, listener);
  }

  @Override
  public void getAll(List<BlobId> ids, BatchVisitor visitor) {
    store.getAll(ids, visitor);
  }

  @Override
  public boolean contains(BlobId id) {
    return store.contains(id);
  }

  @Override
  public long length(BlobId id) {
    return store.length(id);
  }

  @Override
  public void forEach(BlobVisitor visitor) {
    store.forEach(visitor);
  }

  @Override
  public Snapshot snapshot() {
    return store.snapshot();
  }

  @Override
  public long durableEpoch() {
    return store.durableEpoch();
  }

  @Override
  public void awaitDurable(long epoch) {
    store.awaitDurable(epoch);
  }

  @Override
  public long claimBytesMax() {
    return store.claimBytesMax();
  }

  @Override
  public VerifyReport verify(VerifyOptions options, VerifyListener listener) {
    return store.verify(options, listener);
  }

  @Override
  public VacuumReport vacuum(VacuumOptions options, VacuumListener listener) {
    return store.vacuum(options, listener);
  }

  @Override
  public StoreStats stats() {
    return store.stats();
  }

  /**
   * Closes everything, in this order: the passes (after a last one, if that is configured; else
   * what is running is interrupted), reading back, whose reads in progress fail with {@link
   * io.ashlar.store.TierUnavailableException}, the store that this wraps, which waits for reads in
   * progress, and the object store. What was not tiered stays in the store. Idempotent.
   */
  @Override
  public void close() {
    agent.refuseListener();
    try {
      agent.close();
      source.setColdStorage(null);
      cold.close();
    } finally {
      closeStores();
    }
  }

  private void closeStores() {
    try {
      store.close();
    } finally {
      cold.close();
      objects.close();
    }
  }
}
