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
import io.ashlar.tier.upload.RepairWatchers;
import io.ashlar.tier.upload.TieringAgent;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The tier of a store on object storage. Passes upload what became durable in the store. Uploaded
 * blobs can be evicted from the store, and are read back from the tier on demand. The store itself
 * does not change: epochs, reads and statistics are its own.
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
 * until its tier has them. The store's file notes each manifest that is sent. So a copy of the file
 * is refused once the original has claimed or uploaded something since. A prefix is refused to a
 * store that has left it. Restore from the tier in this case, or tier the copy to an empty prefix
 * if it has no evicted blobs.
 *
 * <p><b>Closing.</b> Close the tier first, then the store, as above. If the store is closed first,
 * its close waits for reads in progress, including reads of evicted blobs. Passes then end with
 * {@link io.ashlar.store.StoreClosedException}, and the tier must still be closed. After the tier's
 * close, reads of evicted blobs fail with {@link io.ashlar.store.TierUnavailableException}.
 * Everything else in the store keeps working, and a tier can be opened on it again.
 *
 * <p>Thread: any. Memory, all of it freed by {@link #close}:
 *
 * <ul>
 *   <li>during a pass two batches or one large blob, and some 10 MiB of buffers;
 *   <li>46 to 91 bytes for each blob uploaded since the tier was opened;
 *   <li>the read-back cache ({@link ReadBackConfig#cacheBytes}).
 * </ul>
 */
public final class Tier implements AutoCloseable {
  private final TierSource source;
  private final ObjectStore objects;
  private final PriceList prices;
  private final TieringAgent agent;
  private final BatchReadBack readBack;
  private final ObjectStore marked;
  private final Closing closing;

  private Tier(
      TierSource source,
      ObjectStore objects,
      TierObjects keyed,
      PriceList prices,
      TieringAgent agent,
      BatchReadBack readBack) {
    this.source = source;
    this.objects = objects;
    this.marked = keyed.store();
    this.prices = prices;
    this.agent = agent;
    this.readBack = readBack;
    this.closing = new Closing("tier " + keyed, this::closeNow, () -> {}, agent::hasLastPassBefore);
  }

  /**
   * {@return a builder for the tier of a store}
   *
   * @param store a {@link io.ashlar.store.local.LocalBlobStore}; it stays the caller's, to be
   *     closed after the tier.
   * @param objects the prefix that is, or becomes, this store's tier. Once the tier is open it owns
   *     the object store, and closes it.
   * @throws IllegalArgumentException if the store is of another kind.
   */
  public static Builder builder(BlobStore store, ObjectStore objects) {
    if (store instanceof TierSource source) {
      return new Builder(store, source, objects);
    }
    throw new IllegalArgumentException(
        "this store cannot be tiered, only a local one can: class=" + store.getClass().getName());
  }

  /** Collects what a tier is opened with. Thread: one at a time. */
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

    /**
     * Sets the settings; the default is {@link TierConfig#DEFAULTS}.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder config(TierConfig value) {
      config = value;
      return this;
    }

    /**
     * Sets the keys that batches are encrypted with. Batches hold the blobs and their ids. {@link
     * io.ashlar.tier.key.KeyFile} reads keys from a file. By default batches are not encrypted.
     *
     * <p>A reader of the bucket still sees how many batches there are, their lengths, and when they
     * were made. Manifests and pins are not encrypted: they hold no ids and no data.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder keys(@Nullable FrameKeys value) {
      keys = value;
      return this;
    }

    /**
     * Sets whether the prefix may mix encrypted and unencrypted batches; false by default. Unless
     * it may, opening with keys refuses a prefix with unencrypted batches, and opening without keys
     * refuses one whose newest batches are encrypted. If it may, existing batches keep their form
     * until compaction rewrites them. A tier without keys cannot read encrypted batches.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder mixedEncryption(boolean value) {
      mixedEncryption = value;
      return this;
    }

    /**
     * Sets what the tier may use of the object store: requests an hour, bandwidth, concurrency. By
     * default the object store's own limits apply; a directory has none. A request that would wait
     * too long for its budget fails with {@link io.ashlar.store.TierUnavailableException}.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder limits(RequestLimits value) {
      limits = value;
      return this;
    }

    /**
     * Sets what requests cost, for {@link TierStats#costNanos}; the default is {@link
     * PriceList#DEFAULTS}.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder prices(PriceList value) {
      prices = value;
      return this;
    }

    /**
     * Sets a folder for a file of frames that were read back ({@link ReadBackConfig#diskBytes}); by
     * default there is no such file.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder readBackFolder(Path value) {
      readBackFolder = value;
      return this;
    }

    /**
     * Sets whether the store may take over a prefix that another store wrote; false by default. The
     * store must hold exactly what was tiered there, as it does after a restore. Opening reads all
     * batches to make sure.
     *
     * @param value the new value.
     * @return this builder.
     */
    public Builder adopt(boolean value) {
      adopt = value;
      return this;
    }

    /**
     * Claims the prefix and starts the passes. If this fails, the store and the object store stay
     * open and the caller's.
     *
     * @return the tier; the caller closes it, before the store.
     * @throws IllegalStateException if the store has an open tier already, or a listener calls
     *     this.
     * @throws io.ashlar.store.StoreOpenException if the store may not write to the prefix. Reasons:
     *     the prefix is another store's and cannot be adopted; the store's file is a copy, or does
     *     not match the tier; its evicted blobs are in another tier; keys were given and the
     *     batches are not encrypted. The message names the ways out.
     * @throws io.ashlar.store.WrongKeyException if batches are encrypted, and their key was not
     *     given.
     * @throws io.ashlar.store.FencedException if others keep claiming the prefix.
     * @throws io.ashlar.store.CorruptionException if the tier's manifests are damaged.
     * @throws io.ashlar.store.FormatVersionException if a later release wrote them.
     * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
     * @throws io.ashlar.store.StoreClosedException if the store is closed.
     */
    public Tier open() {
      source.callbacks().refuseListener(); // a thread of the tier may wait for the one that called
      RequestLimits wanted = limits;
      ObjectStore used = wanted == null ? objects : RetryingObjectStore.limited(objects, wanted);
      TierObjects keyed = TierObjects.marked(used, keys, source.callbacks());
      Path folder = readBackFolder;
      BatchReadBack readBack =
          folder == null
              ? new BatchReadBack(keyed, config.readBack())
              : new BatchReadBack(keyed, config.readBack(), folder);
      boolean done = false;
      try {
        source.attachReadBack(readBack);
        Allowed allowed = new Allowed(adopt, mixedEncryption);
        TieringAgent agent = TieringAgent.open(store, source, keyed, config, allowed);
        done = true;
        return new Tier(source, used, keyed, prices, agent, readBack);
      } finally {
        if (!done) {
          source.detachReadBack(readBack);
          readBack.close();
        }
      }
    }

    /**
     * Repairs the prefix from this store and what is left of the tier, even if {@link #open}
     * refuses it because of damage. Call {@link #open} afterwards. Both stores stay open and the
     * caller's.
     *
     * <p>Blobs that are still local are uploaded again. One new base, the state of the store now,
     * replaces the lost manifests. Earlier checkpoints are given up: restore what you need of them
     * first. Every batch is read. A blob that is neither local nor in any batch is recorded as
     * lost, and reading it fails. A repair can be repeated without harm.
     *
     * @param options whether another writer may be at work.
     * @param progress told how many batches are read, on the tier's thread.
     * @param losses told what is lost, on the tier's thread.
     * @return what was lost, kept and uploaded.
     * @throws IllegalStateException if the store has an open tier, or a listener calls this.
     * @throws io.ashlar.store.StoreOpenException if the prefix is empty or not this store's, if its
     *     file may be older than the tier, or if the object store has no real put-if-match. The
     *     message says what to do.
     * @throws io.ashlar.store.WrongKeyException if batches are encrypted, and their key was not
     *     given.
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
      ObjectStore used = wanted == null ? objects : RetryingObjectStore.limited(objects, wanted);
      TierObjects keyed = TierObjects.marked(used, keys, source.callbacks());
      Allowed allowed = new Allowed(false, mixedEncryption);
      try (BatchReadBack readBack = new BatchReadBack(keyed, config.readBack())) {
        source.attachReadBack(readBack); // so that no other tier is open on this store
        try {
          RepairWatchers watchers = new RepairWatchers(progress, losses);
          return TieringAgent.repair(store, source, keyed, config, allowed, options, watchers);
        } finally {
          source.detachReadBack(readBack);
        }
      }
    }
  }

  /**
   * Makes one tiering pass now and waits for it. Everything that was durable when this was called
   * is then remote-durable. An interrupt is remembered and does not end the pass.
   *
   * @param progress told how far the pass is, on the tier's thread.
   * @return what was uploaded; zeros if nothing had changed, in which case no request was made.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix: this tier
   *     uploads nothing more.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer; earlier
   *     checkpoints stay restorable, and the next pass makes up for this one.
   * @throws io.ashlar.store.CorruptionException if a blob that is to be uploaded is damaged: put it
   *     again or delete it.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public CheckpointReport checkpoint(TierProgress progress) {
    return agent.checkpoint(progress);
  }

  /**
   * Drops the local bytes of blobs that are remote-durable, in epochs of bounded size. Evicted
   * blobs are read back from the tier on demand. Blobs that changed since the last pass, empty
   * blobs and blobs that are evicted already are left alone.
   *
   * <p>Nothing is evicted before the tier has been asked whether it still has the objects that
   * evicted blobs rely on ({@link TierConfig#presenceIntervalMs}).
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
   * Makes one collection now and waits for it. It drops the checkpoints that {@link
   * TierConfig#collection} does not keep, rewrites sparse batches, and deletes objects that nothing
   * needs any more. What a pinned reader, an open {@link io.ashlar.store.Snapshot} or an evicted
   * blob needs stays. Collections at the configured interval are independent of this.
   *
   * @param dryRun whether to report only what would be deleted; the report then leaves out what
   *     compaction would save.
   * @return what was done; zeros if nothing can have changed since the last collection, in which
   *     case no request was made.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix.
   * @throws io.ashlar.store.CorruptionException if a manifest or batch of the tier is damaged:
   *     nothing that is needed was deleted.
   * @throws io.ashlar.store.TierDamagedException if a batch that compaction wrote is missing:
   *     evicted blobs are still read from their earlier batches, and nothing was deleted.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer: nothing
   *     that is needed was deleted, and the next collection resumes.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public CollectionReport collect(boolean dryRun) {
    return agent.collect(dryRun);
  }

  /**
   * Repairs this tier, as {@link Builder#repair} does. The tier stays open.
   *
   * @param options whether another writer may be at work.
   * @param progress told how many batches are read, on the tier's thread.
   * @param losses told what is lost, on the tier's thread.
   * @return what was lost, kept and uploaded.
   * @throws io.ashlar.store.FencedException if another writer took over this prefix, or is at work
   *     in it.
   * @throws io.ashlar.store.StoreClosedException if this or its store is closed.
   */
  public RepairReport repair(RepairOptions options, TierProgress progress, LossListener losses) {
    return agent.repair(options, new RepairWatchers(progress, losses));
  }

  /** {@return the log sequence up to which every change is remote-durable} */
  public long tieredSequence() {
    return agent.tieredSequence();
  }

  /**
   * Drops the local bytes of remote-durable blobs, the oldest writes first.
   *
   * @param bytes the number of bytes to free in the data file, in whole blocks of 4 KiB.
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
   * {@return the last epoch that is remote-durable together with all earlier ones} A restore from
   * the newest checkpoint brings back at least this epoch, and eviction touches nothing later. The
   * answer comes from memory; {@link #awaitTiered} also checks that no other writer has taken over.
   */
  public long tieredEpoch() {
    return agent.tieredEpoch();
  }

  /**
   * Waits until an epoch is remote-durable. With passes at an interval, it waits for them, even if
   * some fail; otherwise it makes a pass itself. If the epoch was tiered before, two to four
   * requests make sure that no other writer has taken over. An interrupt is remembered.
   *
   * @param epoch the number that a commit returned.
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
   * {@return what was asked of the object store since it was opened, and what that costs} This
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
        readBack.stats());
  }

  /**
   * Closes the tier in this order: passes, reading back, the object store. The store stays open,
   * with what was not tiered. Idempotent.
   *
   * <ol>
   *   <li>A last pass is made if {@link TierConfig#checkpointOnClose} says so. Otherwise the work
   *       in progress is interrupted.
   *   <li>Reads of evicted blobs that are in progress fail with {@link
   *       io.ashlar.store.TierUnavailableException}.
   * </ol>
   *
   * <p>During the shutdown of the JVM this waits two seconds at most, and longer only for the last
   * pass. If a callback of the tier or its store has called {@link System#exit}, it does not wait
   * for the last pass either. Abandoned work ends with the process, and the next open resumes it.
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
      source.detachReadBack(readBack);
      readBack.close();
      marked.close();
    }
  }
}
