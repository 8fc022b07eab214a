package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.TierDamagedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.CollectionStats;
import io.ashlar.tier.EvidenceStats;
import io.ashlar.tier.RepairOptions;
import io.ashlar.tier.RepairReport;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.Allowed;
import io.ashlar.tier.prefix.MarkWait;
import io.ashlar.tier.prefix.PrefixOpening;
import io.ashlar.tier.prefix.RepairOpening;
import io.ashlar.tier.prefix.TakeOverCheck;
import io.ashlar.tier.prefix.TierWriter;
import java.lang.System.Logger.Level;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/**
 * Tiers a store: opens and claims its prefix, and uploads, evicts, collects and repairs there, at
 * intervals and on demand. It is the only writer of the prefix until it is fenced.
 *
 * <pre>
 *  open() --> OPEN -- another writer took over --> FENCED: uploads, evicts and deletes nothing
 *               |                                    |
 *               | close()                            | close()
 *               v                                    v
 *             CLOSED: every call throws StoreClosedException
 * </pre>
 *
 * <p>{@link Uploader} has the invariants of a pass and what a crash leaves at each step, {@link
 * Evictor}, {@link CollectionPass} and {@link RepairPass} those of their work.
 *
 * <p>Thread: any. One thread of the agent's own does the work, one piece after another, and owns
 * all state; threads that help it own nothing. A caller's interrupt is remembered and breaks
 * nothing. Memory: 46 to 91 bytes for each blob that it uploaded. During a pass also two batches or
 * one large blob, at most five groups of some 2 MiB, and 48 bytes a change.
 */
public final class TieringAgent implements AutoCloseable {
  private static final int OWN_PASSES_MAX = 3;

  private final BlobStore store;
  private final TierSource source;
  private final TierObjects objects;
  private final TierConfig config;
  private final AgentThread thread;
  private final Sending sending;
  private final ClaimedPrefix prefix;
  private final Uploader uploader;
  private final Collector collector;
  private final SpaceRelief relief;
  private final TakeOverCheck takeOver = new TakeOverCheck();

  private boolean failing; // the agent's

  /** Written by the closing thread, read by the agent. */
  private volatile boolean closing;

  private TieringAgent(BlobStore store, TierSource source, TierObjects objects, TierConfig config) {
    this.store = store;
    this.source = source;
    this.objects = objects;
    this.config = config;
    this.thread = new AgentThread(source.callbacks());
    this.sending = new Sending(thread.sender(), config.batchBytesTarget(), source::backgroundWork);
    this.prefix =
        new ClaimedPrefix(
            store,
            source,
            objects,
            new Evidence(
                objects.store(),
                source,
                config.presenceIntervalMs(),
                System::nanoTime,
                System::currentTimeMillis));
    this.uploader = new Uploader(prefix, sending);
    this.collector = new Collector(prefix, config.collection(), sending);
    this.relief = new SpaceRelief(prefix, config.space(), () -> closing);
  }

  /**
   * Opens a prefix and claims it for a store, as {@link PrefixOpening} says. Then makes passes and
   * collections at their configured intervals.
   *
   * @param store the store; stays the caller's, as {@code objects} does.
   * @param source the same store.
   * @throws io.ashlar.store.StoreOpenException if the store may not write there; the message names
   *     the way out.
   * @throws io.ashlar.store.WrongKeyException if what is there is encrypted, and its key is not
   *     given.
   * @throws FencedException if others keep claiming it.
   * @throws io.ashlar.store.CorruptionException if the chain is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static TieringAgent open(
      BlobStore store, TierSource source, TierObjects objects, TierConfig config, Allowed allowed) {
    TieringAgent opened = new TieringAgent(store, source, objects, config);
    try {
      opened.thread.call(() -> {
        opened.claim(allowed);
        return true;
      });
    } catch (RuntimeException | Error e) {
      opened.thread.stop();
      throw e;
    }
    if (config.intervalMs() > 0) {
      opened.thread.repeat(opened::periodicPass, config.intervalMs());
    }
    long collectionMs = config.collection().intervalMs();
    if (collectionMs > 0 && config.collection().dropsCheckpoints()) {
      opened.thread.repeat(opened::periodicCollection, collectionMs);
    }
    return opened;
  }

  /**
   * Repairs a prefix, even one that could not be opened, and ends.
   *
   * @param store the store; stays the caller's, as {@code objects} does.
   * @param source the same store.
   * @throws io.ashlar.store.StoreOpenException if the store may not repair it; the message says
   *     why.
   * @throws FencedException if another writer is at work there.
   * @throws io.ashlar.store.CorruptionException if a local blob that is to be uploaded is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer: repair
   *     again.
   */
  public static RepairReport repair(
      BlobStore store,
      TierSource source,
      TierObjects objects,
      TierConfig config,
      Allowed allowed,
      RepairOptions options,
      RepairWatchers watchers) {
    TieringAgent agent = new TieringAgent(store, source, objects, config);
    try {
      return agent.thread.call(() -> {
        try {
          return agent.repairNow(allowed, options, watchers);
        } finally {
          var _ = agent.free();
        }
      });
    } finally {
      agent.thread.stop();
    }
  }

  /**
   * Repairs the prefix of this agent, which then continues on the repaired chain. Throws what
   * {@link #repair(BlobStore, TierSource, TierObjects, TierConfig, Allowed, RepairOptions,
   * RepairWatchers)} throws.
   *
   * @throws StoreClosedException if the agent is closed.
   */
  public RepairReport repair(RepairOptions options, RepairWatchers watchers) {
    return call(() -> {
      checkNotTakenOver();
      // Opening has admitted the keys of this agent.
      return repairNow(new Allowed(false, true), options, watchers);
    });
  }

  /** Throws only if another writer took over: a damaged chain is what the repair is for. */
  private void checkNotTakenOver() {
    try {
      prefix.settledWriter().checkNotFenced();
    } catch (CorruptionException damaged) {
      Log.log(
          TieringAgent.class,
          Level.DEBUG,
          "repairing, as something is damaged: " + damaged.getMessage());
    }
  }

  private RepairReport repairNow(Allowed allowed, RepairOptions options, RepairWatchers watchers) {
    RepairOpening.Opened opened =
        new RepairOpening(store, source, objects, allowed, options.alone()).open();
    prefix.begin(opened.writer(), ClaimedPrefix.locationsOfChain(opened.writer()));
    RepairReport report = new RepairPass(prefix, opened, sending, watchers).run();
    var _ = prefix.settledWriter();
    var _ = Pins.mend(objects.store(), options.alone());
    return report;
  }

  private void claim(Allowed allowed) {
    PrefixOpening.Opened opened;
    try {
      opened = new PrefixOpening(store, source, objects, allowed).open();
    } catch (CorruptionException e) {
      throw Remedy.added(e);
    }
    prefix.begin(opened.writer(), opened.locations());
  }

  /**
   * Makes one pass now and waits for it. What was durable when this was called is included.
   *
   * @return what was uploaded; zeros when nothing had changed.
   * @throws FencedException if another writer took over; nothing is uploaded any more.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer; the next
   *     pass resumes.
   * @throws io.ashlar.store.CorruptionException if a blob that is to be uploaded is damaged: put it
   *     again or delete it.
   * @throws StoreClosedException if the agent is closed.
   */
  public CheckpointReport checkpoint(TierProgress progress) {
    long epoch = store.durableEpoch();
    return call(() -> {
      MarkWait.forEpoch(source, epoch);
      CheckpointReport report = uploader.pass(progress);
      relief.run();
      return report;
    });
  }

  /**
   * Evicts blobs that are remote-durable, in epochs of bounded size.
   *
   * @param which the blobs to evict, among those that can be; called on the agent's thread.
   * @return how many were evicted.
   * @throws FencedException if another writer took over; nothing was evicted.
   * @throws TierDamagedException if what evicted blobs rely on is missing; nothing was evicted.
   * @throws CorruptionException if a batch that had to be read is damaged; nothing was evicted.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if the agent is closed.
   */
  public long evict(Predicate<BlobId> which) {
    return call(() -> new Evictor(prefix).evict(prefix.tieredSequence(), which));
  }

  /**
   * Evicts blobs that are remote-durable, those that were written longest ago first.
   *
   * @param bytes stops when this many bytes of the data file are freed, in whole blocks.
   * @param which the blobs that may be evicted; called on the agent's thread.
   * @return how many were evicted.
   * @throws FencedException if another writer took over; nothing was evicted.
   * @throws TierDamagedException if what evicted blobs rely on is missing; nothing was evicted.
   * @throws CorruptionException if a batch that had to be read is damaged; nothing was evicted.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if the agent is closed.
   */
  public long evictOldest(long bytes, Predicate<BlobId> which) {
    return call(() -> new Evictor(prefix).evict(prefix.tieredSequence(), bytes, which));
  }

  private <T> T call(Callable<T> work) {
    source.callbacks().refuseListener(); // the agent's thread may wait for the one that called it
    return thread.call(work);
  }

  /**
   * Refuses a wait for the agent or its store on a thread of theirs, which would never end.
   *
   * @throws IllegalStateException if this is such a thread.
   */
  private void refuseListener() {
    source.callbacks().refuseListener();
    thread.refuseOwn();
  }

  /**
   * Refuses a close within a callback of the agent or its store.
   *
   * @throws IllegalStateException if such a callback called it.
   */
  public void refuseCallback() {
    source.callbacks().refuseCallback();
    thread.refuseOwn();
  }

  /**
   * Returns whether {@link #close} begins with a last pass that will end: one is configured, and no
   * callback that it would wait for has called {@link System#exit}.
   */
  public boolean hasLastPassBefore() {
    return config.checkpointOnClose() && !closing && !source.callbacks().isExiting();
  }

  /** The last epoch that is remote-durable, with all before it. */
  public long tieredEpoch() {
    return prefix.mark().epoch();
  }

  /**
   * Waits until an epoch is remote-durable: for the passes at an interval or, without these, by
   * making one. The answer never comes from memory alone. If no manifest was committed since the
   * call, two to four requests make sure that no other writer took over.
   *
   * @throws FencedException if another writer took over first.
   * @throws io.ashlar.store.TierUnavailableException if a pass made here failed, or the object
   *     store does not say whether another writer took over.
   * @throws StoreClosedException if the agent is closed first.
   */
  public void awaitTiered(long epoch) {
    refuseListener();
    long startNs = System.nanoTime();
    TierWriter own = prefix.writer();
    store.awaitDurable(epoch);
    for (int attempt = 0; config.intervalMs() == 0 && prefix.mark().epoch() < epoch; attempt++) {
      if (attempt == OWN_PASSES_MAX) {
        throw new TierUnavailableException(
            "the store does not mark its epochs, as when its disk is full: epoch=" + epoch, null);
      }
      var _ = checkpoint(TierProgress.NONE);
    }
    prefix.mark().await(epoch);
    confirm(own, startNs);
  }

  /**
   * Returns only if a request that began after {@code sinceNs} has proved that no other writer took
   * over. A pass that has committed since is such a proof; otherwise this asks, in parallel to the
   * agent's work.
   */
  private void confirm(TierWriter own, long sinceNs) {
    if (own.isProvedSince(sinceNs)) {
      return;
    }
    var _ = prefix.writer(); // not after close
    if (!takeOver.isStillLast(own, sinceNs)) {
      call(() -> {
        if (!own.isProvedSince(sinceNs)) {
          own.checkNotFenced();
        }
        return true;
      });
    }
  }

  /**
   * Makes one collection now and waits for it, as {@link CollectionPass} says.
   *
   * @param dryRun whether only to say what it would do.
   * @return what it did; zeros when nothing can have changed since the last, and then no request
   *     was made.
   * @throws FencedException if another writer took over.
   * @throws io.ashlar.store.CorruptionException if a manifest or batch of the tier is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if the agent is closed.
   */
  public CollectionReport collect(boolean dryRun) {
    return call(() -> collector.collect(dryRun));
  }

  private void periodicCollection() {
    try {
      var _ = collector.collect(false);
    } catch (FencedException | StoreClosedException e) {
      // The passes say so.
      throw e;
    } catch (RuntimeException e) {
      Log.log(
          TieringAgent.class,
          Level.WARNING,
          "a collection failed and will be repeated: " + e.getMessage());
    } catch (Error e) { // what a periodic task throws ends its schedule
      Log.log(TieringAgent.class, Level.ERROR, "a collection broke off and will be repeated", e);
    }
  }

  /** What was found of the objects that evicted blobs rely on, since the agent was opened. */
  public EvidenceStats evidenceStats() {
    return prefix.evidence().stats();
  }

  /** What collections did since the agent was opened. */
  public CollectionStats collectionStats() {
    return collector.stats();
  }

  /** The log sequence up to which every change is remote-durable. */
  public long tieredSequence() {
    return prefix.tieredSequence();
  }

  /** Batches whose manifest was committed since the agent was opened. */
  public long batches() {
    return uploader.batches();
  }

  private void periodicPass() {
    try {
      var _ = uploader.pass(TierProgress.NONE);
      relief.run();
      failing = false;
    } catch (FencedException e) {
      prefix.mark().end(e);
      Log.log(TieringAgent.class, Level.ERROR, "tiering has stopped: " + e.getMessage());
      // What a periodic task throws ends its schedule.
      throw e;
    } catch (StoreClosedException e) {
      prefix.mark().end(e);
      Log.log(
          TieringAgent.class,
          closing ? Level.DEBUG : Level.WARNING,
          "tiering has stopped: " + e.getMessage());
      throw e;
    } catch (RuntimeException e) {
      Level level = failing || closing ? Level.DEBUG : Level.WARNING;
      failing = true;
      Log.log(
          TieringAgent.class,
          level,
          "a tiering pass failed and will be repeated: " + e.getMessage());
    } catch (Error e) { // such as a full heap: later passes may succeed
      failing = true;
      Log.log(TieringAgent.class, Level.ERROR, "a tiering pass broke off and will be repeated", e);
    }
  }

  /**
   * Ends the tier. If a last pass is configured, it follows the work in progress; a failure of it
   * is logged, and what was not uploaded stays local. Otherwise the work in progress is
   * interrupted, and ends as if the object store had not answered. The next open resumes it.
   * Idempotent.
   *
   * <p>Do not call this in a callback ({@link #refuseCallback}): it would wait for itself.
   */
  @Override
  public void close() {
    if (thread.isEnded()) {
      return;
    }
    if (config.checkpointOnClose()) {
      try {
        checkpoint(TierProgress.NONE);
      } catch (RuntimeException e) {
        Log.log(
            TieringAgent.class, Level.WARNING, "the last tiering pass failed: " + e.getMessage());
      }
    }
    closing = true;
    prefix.mark().end(new StoreClosedException("the tier is closed", null));
    thread.end(this::free);
  }

  private boolean free() {
    prefix.free();
    collector.free();
    return true;
  }
}
