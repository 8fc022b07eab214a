package io.ashlar.tier;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.spi.Closing;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.PriceList;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.object.RequestLimits;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.prefix.Allowed;
import io.ashlar.tier.readback.BatchReadBack;
import io.ashlar.tier.upload.TieringAgent;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The tier of a store on object storage. What became durable in the store is uploaded by passes,
 * can be evicted there, and is read back when it is asked for. The store stays what it is: epochs,
 * reads and statistics are its own.
 *
 * <pre>{@code
 * try (LocalBlobStore store = LocalBlobStore.builder(folder).open();
 *     Tier tier = Tier.builder(store, ObjectStores.open("s3://bucket/prefix")).open()) {
 *   // ... epochs on the store ...
 *   tier.checkpoint(TierProgress.NONE); // now, beside the passes at an interval
 *   tier.evict(id -> old.contains(id));
 * }
 * }</pre>
 *
 * <p>A prefix belongs to one store, and a store to one prefix at a time: deletes are kept only
 * until its tier has them. The store's file notes each manifest that is sent. A copy of the file is
 * refused once the original has claimed or uploaded something after the copy was made, and so is a
 * prefix that the store has left. Restore from the tier then, or tier the copy to an empty prefix;
 * the latter is not possible if it has evicted blobs.
 *
 * <p><b>Closing.</b> Close the tier first, then the store, as above. If the store is closed first,
 * its close waits for reads in progress, those of evicted blobs included; passes end with {@link
 * io.ashlar.store.StoreClosedException}, and the tier is still to be closed. Reads of evicted blobs
 * after the tier's close fail with {@link io.ashlar.store.TierUnavailableException}; everything
 * else in the store works on, and a tier can be opened on it again.
 *
 * <p>Thread: any. Memory: that of {@link TieringAgent} and of the read-back cache.
 */
public final class Tier implements AutoCloseable {
  private final TierSource source;
  private final ObjectStore objects;
  private final PriceList prices;
  private final TieringAgent agent;
  private final BatchReadBack cold;
  private final ObjectStore marked;
  private final Closing closing;

  private Tier(
      TierSource source,
      ObjectStore objects,
      TierObjects keyed,
      PriceList prices,
      TieringAgent agent,
      BatchReadBack cold) {
    this.source = source;
    this.objects = objects;
    this.marked = keyed.store();
    this.prices = prices;
    this.agent = agent;
    this.cold = cold;
    this.closing = new Closing("tier " + keyed, this::closeNow, () -> {}, agent::hasLastPassBefore);
  }

  /**
   * Starts to put a tier on a store.
   *
   * @param store a {@link io.ashlar.store.local.LocalBlobStore}; it stays the caller's, to be
   *     closed after the tier.
   * @param objects the prefix that is, or becomes, this store's tier. It belongs to the tier once
   *     that is open, and is closed with it.
   * @throws IllegalArgumentException if the store is of another kind.
   */
  public static Builder builder(BlobStore store, ObjectStore objects) {
    if (store instanceof TierSource source) {
      return new Builder(store, source, objects);
    }
    throw new IllegalArgumentException(
        "this store cannot be tiered, only a local one can: class=" + store.getClass().getName());
  }

  /** What a tier is opened with. Thread: one. */
  public static final class Builder {
    private final BlobStore store;
    private final TierSource source;
    private final ObjectStore objects;
    private TierConfig config = TierConfig.DEFAULTS;
    private boolean adopt;
    private boolean mixedEncryption;
    private @Nullable FrameKeys keys;
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
     * Sets the keys that batches are encrypted with, in which blobs and their ids are; {@link
     * io.ashlar.tier.key.KeyFile} reads keys from a file. Without keys, batches are not encrypted.
     * How the object store is wrapped makes no difference.
     *
     * <p>Whoever can read the bucket still sees how many batches there are, how long they are and
     * when they were made, and manifests and pins, which hold no ids and no data.
     */
    public Builder keys(@Nullable FrameKeys value) {
      keys = value;
      return this;
    }

    /**
     * Sets whether the prefix may hold batches that are encrypted and batches that are not. Without
     * this, opening refuses keys for a prefix with batches that are not encrypted, and no keys for
     * one whose newest batches are. With it, what is there stays as it is until compaction writes
     * it anew; a tier without keys reads nothing that is encrypted.
     */
    public Builder mixedEncryption(boolean value) {
      mixedEncryption = value;
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
     * Claims the prefix and starts the passes. If this fails, the store and the object store stay
     * open and the caller's.
     *
     * @throws IllegalStateException if the store has a tier already that is not closed.
     * @throws io.ashlar.store.StoreOpenException if the prefix belongs to another store, if the
     *     store's file is older than its tier or a copy of the one that wrote it, if the tier is
     *     older than the file, if it cannot adopt, if it has blobs in another tier, or if keys were
     *     given and what is there is not encrypted; the message names the ways out.
     * @throws io.ashlar.store.WrongKeyException if what is there is encrypted, and no keys were
     *     given, or its key is not among them.
     * @throws io.ashlar.store.FencedException if others keep claiming the prefix.
     * @throws io.ashlar.store.CorruptionException if the tier's manifests are damaged.
     * @throws io.ashlar.store.FormatVersionException if a later release wrote them.
     * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
     * @throws io.ashlar.store.StoreClosedException if the store is closed.
     */
    public Tier open() {
      source.callbacks().refuseListener(); // a thread of the tier may wait for the one that called
      RequestLimits wanted = limits;
      ObjectStore used =
          wanted == null ? objects : RetryingObjectStore.limited(objects, wanted, prices);
      TierObjects keyed = TierObjects.marked(used, keys, source.callbacks());
      Path folder = readBackFolder;
      BatchReadBack cold =
          folder == null
              ? new BatchReadBack(keyed, config.readBack())
              : new BatchReadBack(keyed, config.readBack(), folder);
      boolean done = false;
      try {
        source.attachReadBack(cold);
        Allowed allowed = new Allowed(adopt, mixedEncryption);
        TieringAgent agent = TieringAgent.open(store, source, keyed, config, allowed);
        done = true;
        return new Tier(source, used, keyed, prices, agent, cold);
      } finally {
        if (!done) {
          source.detachReadBack(cold);
          cold.close();
        }
      }
    }

    /**
     * Repairs the prefix from this store and what is left of the tier, also where {@link #open}
     * refuses because of damage. Afterwards open it. Both stores stay open and the caller's.
     *
     * <p>What is still local is uploaded again. Lost manifests are replaced by one new base, the
     * state of the store now. Earlier checkpoints are given up: restore what you need of them
     * first. Every batch is read. What no batch holds any more is recorded as lost, and reading it
     * fails. Repairing again is harmless.
     *
     * @param progress told how many batches are read, on the tier's thread.
     * @param losses told what is lost, on the tier's thread.
     * @throws IllegalStateException if the store has a tier already that is not closed.
     * @throws io.ashlar.store.StoreOpenException if the prefix is not this store's, if its file may
     *     be older than the tier, if the object store has no real put-if-match, or if there is
     *     nothing below the prefix; the message says what to do.
     * @throws io.ashlar.store.WrongKeyException if what is left is encrypted, and no keys were
     *     given, or its key is not among them.
     * @throws io.ashlar.store.FencedException if another writer is at work in the prefix.
     * @throws io.ashlar.store.CorruptionException if a blob that is to be uploaded is damaged: put
     *     it again or delete it.
     * @throws io.ashlar.store.TierDamagedException if a batch that was just written is not there:
     *     repair again.
     * @throws io.ashlar.store.FormatVersionException if a later release wrote there.
     * @throws io.ashlar.store.TierUnavailableException if the object store does not answer: repair
     *     again.
     */
    public RepairReport repair(RepairOptions options, TierProgress progress, LossListener losses) {
      source.callbacks().refuseListener();
      RequestLimits wanted = limits;
      ObjectStore used =
          wanted == null ? objects : RetryingObjectStore.limited(objects, wanted, prices);
      TierObjects keyed = TierObjects.marked(used, keys, source.callbacks());
      Allowed allowed = new Allowed(false, mixedEncryption);
      try (BatchReadBack cold = new BatchReadBack(keyed, config.readBack())) {
        source.attachReadBack(cold); // so that no other tier is open on this store
        try {
          return TieringAgent.repair(
              store, source, keyed, config, allowed, options, progress, losses);
        } finally {
          source.detachReadBack(cold);
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
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public CheckpointReport checkpoint(TierProgress progress) {
    return agent.checkpoint(progress);
  }

  /**
   * Drops the local bytes of blobs that are remote-durable, in epochs of bounded size; they are
   * read back from the tier when they are asked for. Blobs that changed since the last pass, empty
   * ones and evicted ones are left alone.
   *
   * <p>Before that the tier is asked whether it still has what these blobs and those that were
   * evicted before rely on ({@link TierConfig#presenceIntervalMs}).
   *
   * @param which the blobs to evict, among those that can be; called on the tier's thread.
   * @return how many were evicted.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix.
   * @throws io.ashlar.store.TierDamagedException if objects are missing or are not what was
   *     written: nothing was evicted. {@link #repair} the tier.
   * @throws io.ashlar.store.CorruptionException if a batch that had to be read to find blobs is
   *     gone or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer; what was
   *     evicted before stays so.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public long evict(Predicate<BlobId> which) {
    return agent.evict(which);
  }

  /**
   * Drops the checkpoints that {@link TierConfig#collection} does not keep, rewrites sparse
   * batches, and deletes from the object store what nothing needs any more; beside the collections
   * at an interval. What is still read by a pinned restore, an open {@link Snapshot} or an evicted
   * blob stays.
   *
   * @param dryRun whether only to say what would be deleted; what compaction would save is not
   *     known then.
   * @return what was done; zeros when nothing can have changed since the last time, and then no
   *     request was made.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix.
   * @throws io.ashlar.store.CorruptionException if a manifest or batch of the tier is damaged:
   *     nothing that is needed was deleted.
   * @throws io.ashlar.store.TierDamagedException if a batch that compaction wrote is not there:
   *     evicted blobs are read from where they were, and nothing was deleted.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer: as
   *     before, and the next collection goes on.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public CollectionReport collect(boolean dryRun) {
    return agent.collect(dryRun);
  }

  /**
   * Repairs this tier, as {@link Builder#repair} does, and goes on with it.
   *
   * @throws io.ashlar.store.FencedException if another writer took over this prefix, or is at work
   *     in it.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public RepairReport repair(RepairOptions options, TierProgress progress, LossListener losses) {
    return agent.repair(options, progress, losses);
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
   * @throws io.ashlar.store.TierDamagedException as {@link #evict} says.
   * @throws io.ashlar.store.CorruptionException if a batch that had to be read to find blobs is
   *     gone or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public long evictOldest(long bytes, Predicate<BlobId> which) {
    return agent.evictOldest(bytes, which);
  }

  /**
   * Returns the last epoch that is remote-durable, with all before it: what a restore from the
   * newest checkpoint brings back at least, and what eviction may touch at most. This is from
   * memory: {@link #awaitTiered} finds out whether another writer has taken over since.
   */
  public long tieredEpoch() {
    return agent.tieredEpoch();
  }

  /**
   * Waits until an epoch is remote-durable. Where passes are made at an interval it waits for
   * those, however often they fail; where they are not, it makes one. If the epoch was tiered
   * before, two to four requests make sure that no other writer has taken over. An interrupt is
   * remembered.
   *
   * @throws io.ashlar.store.StoreFailedException if the store was poisoned before the epoch.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix first.
   * @throws io.ashlar.store.TierUnavailableException if a pass made here failed, or the object
   *     store does not say whether another writer has taken over.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed first.
   */
  public void awaitTiered(long epoch) {
    agent.awaitTiered(epoch);
  }

  /**
   * Returns what was asked of the object store since that was opened, and what it costs. Asking
   * makes no request.
   */
  public TierStats stats() {
    RequestCounts counts = marked.requestCounts();
    long[] attempts = RetryingObjectStore.attempts(objects);
    return new TierStats(
        counts.puts(),
        counts.gets(),
        counts.heads(),
        counts.lists(),
        counts.deletes(),
        counts.bytesSent(),
        counts.bytesReceived(),
        agent.batches(),
        agent.collectionStats(),
        agent.evidenceStats(),
        attempts[0],
        attempts[1],
        prices.costNanos(counts),
        cold.stats());
  }

  /**
   * Closes the tier, in this order: the passes (after a last one, if that is configured; else what
   * is running is interrupted), reading back, whose reads in progress fail with {@link
   * io.ashlar.store.TierUnavailableException}, and the object store. The store stays open, with
   * what was not tiered. Idempotent.
   *
   * <p>Once the JVM shuts down, this waits two seconds at most, and longer only for the last pass.
   * If a callback of the tier or its store has called {@link System#exit}, it does not wait for the
   * last pass either. What was given up ends with the process; the next open goes on from there.
   *
   * @throws IllegalStateException if a callback of the store or of the tier called it.
   */
  @Override
  public void close() {
    agent.refuseCallback();
    closing.close();
  }

  private void closeNow() {
    try {
      agent.close();
    } finally {
      source.detachReadBack(cold);
      cold.close();
      marked.close();
    }
  }
}
