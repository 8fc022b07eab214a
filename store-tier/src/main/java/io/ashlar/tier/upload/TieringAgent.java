package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreStats;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.SpaceConfig;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.UpkeepStats;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.fetch.BatchReader;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.lang.System.Logger;
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
 *       sent, is never written again, and deleted only as {@link UpkeepPass} says.
 *   <li>I2. The chain is one line: each manifest was created where none was, right after its
 *       parent, and this writer sends only one manifest for a sequence, ever.
 *   <li>I3. For every id whose last local change is at or before {@code lastRecordSequence}, the
 *       chain's last entry is that change.
 *   <li>I4. Only what a durable mark covers is uploaded: no crash of this machine can undo it.
 *   <li>I5. Local bytes and tombstones are given up only after the manifest that covers them was
 *       committed.
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
 *   <tr><td>2</td><td>claim: create the next manifest, generation + 1, no batches</td>
 *       <td>if it is there: the writer before is fenced, the state is the same; the next open
 *       claims again. Else: nothing</td></tr>
 *   <tr><td>3</td><td>take a snapshot; wait until its epoch is marked; select its changes since the
 *       last range</td><td>nothing</td></tr>
 *   <tr><td>4</td><td>put each batch, under a name that is never used again</td>
 *       <td>batches that no manifest lists; the next pass selects the same changes, or what they
 *       became, again</td></tr>
 *   <tr><td>5</td><td>create the manifest at the next sequence if none is there; whatever is
 *       answered but success, read it and compare the put id: ours is committed, another's fences
 *       us, none is sent again</td>
 *       <td>if it is there: committed, and whoever opens next reads it; this writer, if it lives,
 *       sends the same manifest again before anything else. Else: as 4</td></tr>
 *   <tr><td>6</td><td>write the hint</td><td>a stale hint: readers probe onwards</td></tr>
 *   <tr><td>7</td><td>{@code dropTombstones(through)}</td>
 *       <td>tombstones that the tier has; dropped at the next open</td></tr>
 *   <tr><td>8</td><td>evict, when asked</td><td>blobs that are in both places</td></tr>
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
  private static final Logger LOG = System.getLogger(TieringAgent.class.getName());

  private static final int OWN_PASSES_MAX = 3;

  /** Longer than any upload in parts can take. */
  private static final long STALE_UPLOAD_MS = TimeUnit.HOURS.toMillis(24);

  private final BlobStore store;
  private final TierSource source;
  private final ObjectStore objects;
  private final TierConfig config;
  private final AgentThread thread = new AgentThread();
  private final BatchReader reader;

  // The agent's own.
  private @Nullable TierWriter writer;
  private @Nullable BlobLocations locations;
  private @Nullable UpkeepPass upkeep;
  private boolean failing;

  /** Written by whoever closes, read by the agent. */
  private volatile boolean closing;

  /** Written by the agent, read by any thread. */
  private volatile long tieredSequence;

  private final TieredMark mark = new TieredMark();
  private final AtomicLong batches = new AtomicLong();
  private final UpkeepCounters upkeepCounters = new UpkeepCounters();

  private TieringAgent(BlobStore store, TierSource source, ObjectStore objects, TierConfig config) {
    this.store = store;
    this.source = source;
    this.objects = objects;
    this.config = config;
    this.reader = new BatchReader(objects);
  }

  /**
   * Opens a prefix and claims it for a store, as {@link PrefixOpening} says; then makes passes at
   * the configured interval.
   *
   * @param store the store; stays the caller's, as {@code objects} does.
   * @param source the same store.
   * @throws io.ashlar.store.StoreOpenException if the store may not write there; the message names
   *     the way out.
   * @throws FencedException if others keep claiming it.
   * @throws io.ashlar.store.CorruptionException if the chain is damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static TieringAgent open(
      BlobStore store, TierSource source, ObjectStore objects, TierConfig config, boolean adopt) {
    TieringAgent opened = new TieringAgent(store, source, objects, config);
    try {
      opened.thread.call(() -> {
        opened.claim(adopt);
        return true;
      });
    } catch (RuntimeException | Error e) {
      opened.thread.stop();
      throw e;
    }
    if (config.intervalMs() > 0) {
      opened.thread.repeat(opened::periodicPass, config.intervalMs());
    }
    long collectionMs = config.upkeep().intervalMs();
    if (collectionMs > 0 && config.upkeep().dropsCheckpoints()) {
      opened.thread.repeat(opened::periodicCollection, collectionMs);
    }
    return opened;
  }

  private void claim(boolean adopt) {
    PrefixOpening.Opened opened = new PrefixOpening(store, source, objects, adopt).open();
    writer = opened.writer();
    locations = opened.locations();
    tieredSequence = opened.writer().last().lastRecordSequence();
    mark.advance(opened.writer().last().lastEpoch());
    upkeep =
        new UpkeepPass(
            objects,
            opened.writer().manifests(),
            opened.writer(),
            config.upkeep(),
            new LocalReferences(store, source, reader, () -> opened(locations)),
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
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if the agent is closed.
   */
  public long evict(Predicate<BlobId> which) {
    return call(() -> {
      TierWriter own = settledWriter();
      return new Evictor(source, own, opened(locations), reader).evict(tieredSequence, which);
    });
  }

  /**
   * Evicts blobs that are remote-durable, those that were written longest ago first.
   *
   * @param bytes stops when this many bytes of the data file are freed, in whole blocks.
   * @param which the blobs that may be evicted; called on the agent's thread.
   * @return how many were evicted.
   * @throws FencedException if another writer took over; nothing was evicted.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   * @throws StoreClosedException if the agent is closed.
   */
  public long evictOldest(long bytes, Predicate<BlobId> which) {
    return call(() -> evictOldestNow(bytes, which));
  }

  private long evictOldestNow(long bytes, Predicate<BlobId> which) {
    TierWriter own = settledWriter();
    return new Evictor(source, own, opened(locations), reader).evict(tieredSequence, bytes, which);
  }

  /** Evicts down to the low mark if the data file is above the high one. */
  private void relieve() {
    SpaceConfig space = config.space();
    if (!space.isLimited()) {
      return;
    }
    StoreStats stats = store.stats();
    // Blobs are a part of that, so mostly there is no need to look at each.
    if (stats.fileBytes() - stats.freeBytes() > space.highBytes()) {
      TierWriter own = settledWriter();
      long evicted =
          new Evictor(source, own, opened(locations), reader).relieve(tieredSequence, space);
      LOG.log(Level.DEBUG, "evicted to make room: blobs=" + evicted);
    }
  }

  private <T> T call(Callable<T> work) {
    source.refuseListener(); // the agent's thread may wait for the one that called it
    return thread.call(work);
  }

  /**
   * Refuses what waits for the agent or its store where one of these has called.
   *
   * @throws IllegalStateException if this is a thread of theirs.
   */
  public void refuseListener() {
    source.refuseListener();
    thread.refuseOwn();
  }

  /** The last epoch that is remote-durable, with all before it. */
  public long tieredEpoch() {
    return mark.epoch();
  }

  /**
   * Waits until an epoch is remote-durable: for the passes at an interval, or, where there are
   * none, by making one.
   *
   * @throws FencedException if another writer took over first.
   * @throws io.ashlar.store.TierUnavailableException if a pass made here failed.
   * @throws StoreClosedException if the agent is closed first.
   */
  public void awaitTiered(long epoch) {
    refuseListener();
    store.awaitDurable(epoch);
    for (int attempt = 0; config.intervalMs() == 0 && mark.epoch() < epoch; attempt++) {
      if (attempt == OWN_PASSES_MAX) {
        throw new TierUnavailableException(
            "the store does not mark its epochs, as when its disk is full: epoch=" + epoch, null);
      }
      var _ = checkpoint(TierProgress.NONE);
    }
    mark.await(epoch);
  }

  /**
   * Makes one collection now and waits for it, as {@link UpkeepPass} says.
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
    var _ = settledWriter();
    UpkeepPass own = opened(upkeep);
    if (own.isIdle()) {
      return CollectionReport.NOTHING;
    }
    CollectionReport report;
    try {
      report = own.run(dryRun);
    } catch (RuntimeException | Error e) {
      upkeepCounters.failed();
      forgetLocations();
      throw e;
    }
    if (!dryRun) {
      upkeepCounters.count(report, abortStaleUploads());
    }
    return report;
  }

  private long abortStaleUploads() {
    try {
      return objects.abortStaleUploads(STALE_UPLOAD_MS);
    } catch (ObjectStoreException e) {
      LOG.log(Level.DEBUG, "aborting stale uploads failed: " + e.getMessage());
      return 0;
    }
  }

  private void periodicCollection() {
    try {
      var _ = collection(false);
    } catch (FencedException e) {
      // The passes say so.
      throw e;
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "a collection failed and will be repeated: " + e.getMessage());
    } catch (Error e) { // what a periodic task throws ends its schedule
      LOG.log(Level.ERROR, "a collection broke off and will be repeated", e);
    }
  }

  /** What collections did since the agent was opened. */
  public UpkeepStats upkeepStats() {
    return upkeepCounters.stats();
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
      LOG.log(Level.ERROR, "tiering has stopped: " + e.getMessage());
      // What a periodic task throws ends its schedule.
      throw e;
    } catch (RuntimeException e) {
      Level level = failing || closing ? Level.DEBUG : Level.WARNING;
      failing = true;
      LOG.log(level, "a tiering pass failed and will be repeated: " + e.getMessage());
    } catch (Error e) { // of memory, say: no reason never to upload again
      failing = true;
      LOG.log(Level.ERROR, "a tiering pass broke off and will be repeated", e);
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
   */
  @Override
  public void close() {
    refuseListener();
    if (thread.isEnded()) {
      return;
    }
    if (config.checkpointOnClose()) {
      try {
        checkpoint(TierProgress.NONE);
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "the last tiering pass failed: " + e.getMessage());
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
    writer = null;
    upkeep = null;
    return true;
  }
}
