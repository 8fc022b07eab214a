package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.TierDamagedException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.Log;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.CollectionStats;
import io.ashlar.tier.EvidenceStats;
import io.ashlar.tier.LossListener;
import io.ashlar.tier.RepairOptions;
import io.ashlar.tier.RepairReport;
import io.ashlar.tier.SpaceConfig;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.Remedy;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.ChangeList;
import io.ashlar.tier.prefix.Allowed;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.Lineage;
import io.ashlar.tier.prefix.MarkWait;
import io.ashlar.tier.prefix.PrefixOpening;
import io.ashlar.tier.prefix.RepairOpening;
import io.ashlar.tier.prefix.TakeOverCheck;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Uploads what became durable in a store: select, pack, upload, manifest; at an interval and on
 * demand. The only writer of its prefix, as long as it is not fenced.
 *
 * <p><b>Invariants.</b>
 *
 * <ol>
 *   <li>I1. Every batch that a manifest lists was whole and durable before the manifest was first
 *       sent, is never written again, and deleted only as {@link CollectionPass} says.
 *   <li>I2. The chain is one line: each manifest was created where none was, right after its
 *       parent, and this writer sends only one manifest for a sequence, ever.
 *   <li>I3. For every id whose last local change is at or before {@code lastRecordSequence}, the
 *       chain's last entry is that change.
 *   <li>I4. Only what a durable mark covers is uploaded: no crash of this machine can undo it.
 *   <li>I5. Local bytes and tombstones are given up only after the manifest that covers them was
 *       committed, and the store's file says so ({@link Lineage}).
 * </ol>
 *
 * <p><b>Steps of a pass, and what a crash there leaves.</b> An unanswered request is a crash that
 * one survives: the same row holds, and the next pass goes on as said.
 *
 * <table>
 *   <caption>Steps</caption>
 *   <tr><th></th><th>step</th><th>after a crash here, or behind it</th></tr>
 *   <tr><td>1</td><td>{@code markTiered()}: deletes are kept from now on</td>
 *       <td>nothing remote; a store that keeps tombstones that it need not</td></tr>
 *   <tr><td>2</td><td>claim: note the next manifest, generation + 1, no batches, in the store's
 *       file; create it</td>
 *       <td>if it is there: the writer before is fenced, the state is the same; the next open
 *       claims again. Else: nothing, but for the note</td></tr>
 *   <tr><td>3</td><td>take a snapshot; wait until its epoch is marked; select its changes since the
 *       last range</td><td>nothing</td></tr>
 *   <tr><td>4</td><td>check that nobody took over; put each batch, under a name that is never used again</td>
 *       <td>batches that no manifest lists; the next pass selects the same changes, or what they
 *       became, again</td></tr>
 *   <tr><td>5</td><td>note the manifest in the store's file, then create it at the next sequence
 *       if none is there; whatever is answered but success, read it and compare the put id: ours is committed, another's fences
 *       us, none is sent again</td>
 *       <td>if it is there: committed, and whoever opens next reads it; this writer, if it lives,
 *       sends the same manifest again before anything else. Else: as 4</td></tr>
 *   <tr><td>6</td><td>note that it is committed; write the hint</td><td>a stale hint: readers probe onwards</td></tr>
 *   <tr><td>7</td><td>{@code dropTombstones(through)}</td>
 *       <td>tombstones that the tier has; dropped at the next open</td></tr>
 *   <tr><td>8</td><td>evict, when asked, as {@link Evictor} says</td><td>blobs that are in both places</td></tr>
 * </table>
 *
 * <p>Manifests before the one that failed are never touched, so each remains restorable.
 *
 * <p><b>What a manifest holds while writes go on.</b> A pass reads through a snapshot, so the last
 * manifest of a pass is exactly the state of the store after its {@code lastEpoch}, whatever was
 * overwritten meanwhile. Two exceptions: a pass of more batches than a manifest can list commits
 * them by manifests that do not yet claim its range; and where a store cannot write the mark that
 * the last epoch needs, because it is full, ids that this epoch changed keep their state before it
 * until the next pass, since what is not marked is not uploaded. When the store ends the snapshot
 * ({@code snapshotEntriesMax} in its settings), the pass fails, and the next one makes up for it.
 *
 * <p><b>Nothing changed, nothing asked.</b> When the marked sequence has not moved, or only by
 * records without changes (marks, evictions), a pass makes no request.
 *
 * <p>Thread: all methods from any; the work is done by one thread of its own, which owns all state,
 * one piece after another; it is helped by threads that own nothing. A caller's interrupt is
 * remembered and breaks nothing. Memory: during a pass two batches or one large blob, at most five
 * groups of some 2 MiB and 48 bytes a change; 46 to 91 bytes a blob that it uploaded.
 */
public final class TieringAgent implements AutoCloseable {
  private static final int OWN_PASSES_MAX = 3;

  /** Longer than any upload in parts can take. */
  private static final long STALE_UPLOAD_MS = TimeUnit.HOURS.toMillis(24);

  private final BlobStore store;
  private final TierSource source;
  private final TierObjects objects;
  private final TierConfig config;
  private final AgentThread thread;
  private final BatchReader reader;

  /** Written by the agent, read by any thread. */
  private volatile @Nullable TierWriter writer;

  // The agent's own.
  private @Nullable BlobLocations locations;
  private @Nullable CollectionPass collection;
  private boolean failing;
  private boolean reliefFailing;

  /** Written by whoever closes, read by the agent. */
  private volatile boolean closing;

  /** Written by the agent, read by any thread. */
  private volatile long tieredSequence;

  private final TieredMark mark = new TieredMark();
  private final TakeOverCheck takeOver = new TakeOverCheck();
  private final AtomicLong batches = new AtomicLong();
  private final CollectionCounters collectionCounters = new CollectionCounters();
  private final Evidence evidence;

  private TieringAgent(BlobStore store, TierSource source, TierObjects objects, TierConfig config) {
    this.store = store;
    this.source = source;
    this.objects = objects;
    this.config = config;
    this.thread = new AgentThread(source.callbacks());
    this.reader = new BatchReader(objects);
    this.evidence =
        new Evidence(
            objects.store(),
            source,
            config.presenceIntervalMs(),
            System::nanoTime,
            System::currentTimeMillis);
  }

  /**
   * Opens a prefix and claims it for a store, as {@link PrefixOpening} says; then makes passes at
   * the configured interval.
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
   * Repairs a prefix, also one that could not be opened, and ends.
   *
   * @param store the store; stays the caller's, as {@code objects} does.
   * @param source the same store.
   * @param progress told how many batches are read.
   * @param listener told what is lost.
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
      TierProgress progress,
      LossListener listener) {
    TieringAgent agent = new TieringAgent(store, source, objects, config);
    try {
      return agent.thread.call(() -> {
        try {
          return agent.repairNow(allowed, options, progress, listener);
        } finally {
          var _ = agent.free();
        }
      });
    } finally {
      agent.thread.stop();
    }
  }

  /**
   * Repairs the prefix of this agent, and goes on from there. What it throws is that of {@link
   * #repair(BlobStore, TierSource, TierObjects, TierConfig, Allowed, RepairOptions, TierProgress,
   * LossListener)}.
   *
   * @throws StoreClosedException if the agent is closed.
   */
  public RepairReport repair(RepairOptions options, TierProgress progress, LossListener listener) {
    return call(() -> {
      checkNotTakenOver();
      // Opening has admitted the keys of this agent.
      return repairNow(new Allowed(false, true), options, progress, listener);
    });
  }

  /** A damaged chain does not tell; that the prefix was taken over does. */
  private void checkNotTakenOver() {
    try {
      settledWriter().checkNotFenced();
    } catch (CorruptionException damaged) {
      Log.log(
          TieringAgent.class,
          Level.DEBUG,
          "repairing, as something is damaged: " + damaged.getMessage());
    }
  }

  private RepairReport repairNow(
      Allowed allowed, RepairOptions options, TierProgress progress, LossListener listener) {
    RepairOpening.Opened opened =
        new RepairOpening(store, source, objects, allowed, options.alone()).open();
    begin(
        opened.writer(),
        new BlobLocations(() ->
            ManifestChain.read(opened.writer().manifests(), opened.writer().last())
                .batchesNewestFirst()));
    RepairReport report =
        new RepairPass(
                source,
                objects,
                opened,
                reader,
                new RepairPass.Sending(thread.sender(), config.batchBytesTarget()),
                new RepairPass.Watchers(progress, listener),
                evidence)
            .run();
    var _ = settledWriter();
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
    begin(opened.writer(), opened.locations());
  }

  private void begin(TierWriter newWriter, BlobLocations newLocations) {
    if (locations != null) {
      locations.close();
    }
    writer = newWriter;
    locations = newLocations;
    evidence.reset();
    tieredSequence = Math.max(tieredSequence, newWriter.last().lastRecordSequence());
    mark.advance(newWriter.last().lastEpoch());
    collection =
        new CollectionPass(
            objects.store(),
            newWriter.manifests(),
            newWriter,
            config.collection(),
            new LocalReferences(
                store, source, reader, () -> opened(locations), () -> opened(writer), evidence),
            this::compact,
            System::currentTimeMillis);
  }

  private Compaction.@Nullable Result compact(
      List<TierManifest> chain, int belowPercent, int replacedMax) {
    Compaction.Result result =
        new Compaction(
                objects,
                opened(writer),
                opened(locations),
                reader,
                thread.sender(),
                config.batchBytesTarget())
            .run(chain, belowPercent, replacedMax);
    if (result == null) {
      forgetLocations();
    }
    return result;
  }

  /** Begins anew to know where blobs lie: what is known is not what the chain says. */
  private void forgetLocations() {
    TierWriter own = opened(writer);
    opened(locations).close();
    locations =
        new BlobLocations(
            () -> ManifestChain.read(own.manifests(), own.last()).batchesNewestFirst());
  }

  /**
   * Makes one pass now and waits for it. What was durable when this was called is included.
   *
   * @return what was uploaded; zeros when nothing had changed.
   * @throws FencedException if another writer took over; nothing is uploaded any more.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer; the next
   *     pass goes on from here.
   * @throws io.ashlar.store.CorruptionException if a blob that is to be uploaded is damaged: put it
   *     again or delete it.
   * @throws StoreClosedException if the agent is closed.
   */
  public CheckpointReport checkpoint(TierProgress progress) {
    long epoch = store.durableEpoch();
    return call(() -> {
      MarkWait.forEpoch(source, epoch);
      CheckpointReport report = pass(progress);
      relieve();
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
    return call(() -> evictor().evict(tieredSequence, which));
  }

  private Evictor evictor() {
    TierWriter own = settledWriter();
    return new Evictor(source, own, opened(locations), reader, evidence);
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
    return call(() -> evictor().evict(tieredSequence, bytes, which));
  }

  /**
   * Evicts down to the low mark if the data file is above the high one. A tier that is damaged or
   * does not answer stops that, and nothing else: the pass before was made, and the next one tries
   * again.
   */
  private void relieve() {
    SpaceConfig space = config.space();
    if (!space.isLimited() || evidence.isPaused()) {
      return;
    }
    StoreStats stats = store.stats();
    // Blobs are a part of that, so mostly there is no need to look at each.
    if (stats.fileBytes() - stats.freeBytes() > space.highBytes()) {
      try {
        long evicted = evictor().relieve(tieredSequence, space);
        Log.log(TieringAgent.class, Level.DEBUG, "evicted to make room: blobs=" + evicted);
        reliefFailing = false;
      } catch (TierDamagedException | CorruptionException e) {
        Log.log(
            TieringAgent.class,
            Level.DEBUG,
            "no room was made: " + e.getMessage()); // the evidence has warned
      } catch (TierUnavailableException e) {
        Log.log(
            TieringAgent.class,
            reliefFailing || closing ? Level.DEBUG : Level.WARNING,
            "no room was made, which the next pass will try again: " + e.getMessage());
        reliefFailing = true;
      }
    }
  }

  private <T> T call(Callable<T> work) {
    source.callbacks().refuseListener(); // the agent's thread may wait for the one that called it
    return thread.call(work);
  }

  /**
   * Refuses what waits for the agent or its store where one of these has called.
   *
   * @throws IllegalStateException if this is a thread of theirs.
   */
  private void refuseListener() {
    source.callbacks().refuseListener();
    thread.refuseOwn();
  }

  /**
   * Refuses to end what a callback of the agent or its store is within.
   *
   * @throws IllegalStateException if such a callback called it.
   */
  public void refuseCallback() {
    source.callbacks().refuseCallback();
    thread.refuseOwn();
  }

  /**
   * Returns whether {@link #close} has a last pass before it that will end: one that is wanted, and
   * that waits for no callback which called {@link System#exit}.
   */
  public boolean hasLastPassBefore() {
    return config.checkpointOnClose() && !closing && !source.callbacks().isExiting();
  }

  /** The last epoch that is remote-durable, with all before it. */
  public long tieredEpoch() {
    return mark.epoch();
  }

  /**
   * Waits until an epoch is remote-durable: for the passes at an interval, or, where there are
   * none, by making one. What this says is never from memory alone: if no manifest was committed
   * since the call, two to four requests make sure that no other writer took over.
   *
   * @throws FencedException if another writer took over first.
   * @throws io.ashlar.store.TierUnavailableException if a pass made here failed, or the object
   *     store does not say whether another writer took over.
   * @throws StoreClosedException if the agent is closed first.
   */
  public void awaitTiered(long epoch) {
    refuseListener();
    long startNs = System.nanoTime();
    TierWriter own = opened(writer);
    store.awaitDurable(epoch);
    for (int attempt = 0; config.intervalMs() == 0 && mark.epoch() < epoch; attempt++) {
      if (attempt == OWN_PASSES_MAX) {
        throw new TierUnavailableException(
            "the store does not mark its epochs, as when its disk is full: epoch=" + epoch, null);
      }
      var _ = checkpoint(TierProgress.NONE);
    }
    mark.await(epoch);
    confirm(own, startNs);
  }

  /**
   * Returns only if a request that began after {@code sinceNs} has proved that no other writer took
   * over. A pass that has committed since then did; otherwise it is asked for here, beside what the
   * agent does.
   */
  private void confirm(TierWriter own, long sinceNs) {
    if (own.isProvedSince(sinceNs)) {
      return;
    }
    var _ = opened(writer); // not after close
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
    return call(() -> collection(dryRun));
  }

  private CollectionReport collection(boolean dryRun) {
    TierWriter current = settledWriter();
    CollectionPass own = opened(collection);
    if (own.isIdle()) {
      return CollectionReport.NOTHING;
    }
    current.checkNotFenced();
    CollectionReport report;
    try {
      report = own.run(dryRun);
    } catch (RuntimeException | Error e) {
      collectionCounters.failed();
      forgetLocations();
      if (e instanceof CorruptionException damage) {
        throw Remedy.added(damage);
      }
      throw e;
    }
    if (!dryRun) {
      collectionCounters.count(report, abortStaleUploads());
    }
    return report;
  }

  private long abortStaleUploads() {
    try {
      return objects.store().abortStaleUploads(STALE_UPLOAD_MS);
    } catch (ObjectStoreException e) {
      Log.log(TieringAgent.class, Level.DEBUG, "aborting stale uploads failed: " + e.getMessage());
      return 0;
    }
  }

  private void periodicCollection() {
    try {
      var _ = collection(false);
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
    return evidence.stats();
  }

  /** What collections did since the agent was opened. */
  public CollectionStats collectionStats() {
    return collectionCounters.stats();
  }

  /** The log sequence up to which every change is remote-durable. */
  public long tieredSequence() {
    return tieredSequence;
  }

  /** Batches whose manifest was committed since the agent was opened. */
  public long batches() {
    return batches.get();
  }

  private void periodicPass() {
    try {
      pass(TierProgress.NONE);
      relieve();
      failing = false;
    } catch (FencedException e) {
      mark.end(e);
      Log.log(TieringAgent.class, Level.ERROR, "tiering has stopped: " + e.getMessage());
      // What a periodic task throws ends its schedule.
      throw e;
    } catch (StoreClosedException e) {
      mark.end(e);
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
    } catch (Error e) { // of memory, say: no reason never to upload again
      failing = true;
      Log.log(TieringAgent.class, Level.ERROR, "a tiering pass broke off and will be repeated", e);
    }
  }

  private CheckpointReport pass(TierProgress progress) {
    TierWriter own = settledWriter();
    // The epoch first: it must not be later than the sequence.
    long markedEpoch = source.markedEpoch();
    if (source.markedSequence() <= tieredSequence) {
      mark.advance(markedEpoch);
      return CheckpointReport.NOTHING;
    }
    try (TierSnapshot snapshot = source.tierSnapshot()) {
      MarkWait.forEpoch(source, snapshot.epoch());
      // The epoch first: it must not be later than the sequence.
      long epoch = Math.min(snapshot.epoch(), source.markedEpoch());
      long through = Math.min(snapshot.sequence(), source.markedSequence());
      CheckpointReport report =
          through <= tieredSequence
              ? CheckpointReport.NOTHING
              : upload(own, snapshot, through, epoch, progress);
      mark.advance(epoch);
      return report;
    }
  }

  private CheckpointReport upload(
      TierWriter own, TierSnapshot snapshot, long through, long epoch, TierProgress progress) {
    CheckpointReport report = CheckpointReport.NOTHING;
    try (ChangeList changes = TieringPass.select(snapshot, tieredSequence, through)) {
      if (changes.size() > 0) {
        own.checkNotFenced(); // before anything is uploaded
        boolean committed = false;
        try (BatchPacker packer =
            new BatchPacker(
                snapshot,
                objects,
                own,
                opened(locations),
                thread.sender(),
                config.batchBytesTarget(),
                epoch)) {
          report =
              new TieringPass(own, packer, progress, TierManifest.BATCHES_MAX)
                  .run(changes, through, epoch);
          committed = true;
        } finally {
          if (!committed) {
            forgetLocations();
          }
        }
      }
    }
    tieredSequence = through;
    batches.addAndGet(report.batches());
    if (report.deletes() > 0) {
      source.dropTombstones(through);
    }
    return report;
  }

  /** The writer, with no manifest whose outcome is unknown. */
  private TierWriter settledWriter() {
    TierWriter own = opened(writer);
    own.resolve();
    long committed = own.last().lastRecordSequence();
    if (committed > tieredSequence) {
      tieredSequence = committed;
      mark.advance(own.last().lastEpoch());
      source.dropTombstones(committed);
    }
    return own;
  }

  private static <T> T opened(@Nullable T part) {
    if (part == null) {
      throw new StoreClosedException("the tier is closed", null);
    }
    return part;
  }

  /**
   * Ends the tier. A last pass is made if that is configured, after what is running; a failure is
   * logged: what was not uploaded stays local. Otherwise what is running is interrupted, and ends
   * as if the object store had not answered: the next open goes on from there. Idempotent.
   *
   * <p>Not to be called in a callback ({@link #refuseCallback}), for which it would wait.
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
    mark.end(new StoreClosedException("the tier is closed", null));
    thread.end(this::free);
  }

  private boolean free() {
    if (locations != null) {
      locations.close();
      locations = null;
    }
    evidence.close();
    writer = null;
    collection = null;
    return true;
  }
}
