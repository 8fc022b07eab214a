package io.ashlar.tier.upload;

import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.Log;
import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.CollectionReport;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.Deletions;
import io.ashlar.tier.collect.LiveBatches;
import io.ashlar.tier.collect.RetainedManifests;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.prefix.TierWriter;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Retention, compaction and collection of a prefix, by its writer.
 *
 * <p><b>Invariants.</b>
 *
 * <ol>
 *   <li>U1. A batch is deleted only if no manifest above the boundary lists or holds it, and no
 *       pinned manifest lists it. Also, no evicted blob of the store or of an open snapshot may
 *       refer to it. All of that is read before the first delete; any answer but "absent" ends the
 *       collection.
 *   <li>U2. And only if no manifest can come to list it. Its generation is below the committed one,
 *       or its number is below the {@code minInflight} of a committed manifest of its generation.
 *       No clock and no age decides.
 *   <li>U3. A manifest is deleted only at or below {@code gc/boundary}, which has risen before, and
 *       only if no pin that is listed after that needs it.
 *   <li>U4. The boundary lies below the base of the oldest checkpoint that is kept, so every kept
 *       checkpoint is read without anything that was dropped.
 *   <li>U5. A base has the same state as its parent, entry by entry.
 *   <li>U6. A batch that compaction has copied stays held by every manifest until the store refers
 *       to it no more, durably.
 * </ol>
 *
 * <p><b>Steps, and what a crash there leaves.</b> Each can be done again.
 *
 * <table>
 *   <caption>Steps</caption>
 *   <tr><th></th><th>step</th><th>after a crash here, or later</th></tr>
 *   <tr><td>1</td><td>read the manifests above the boundary that are not known yet, and decide by
 *       the policy which checkpoint is the oldest to keep</td><td>nothing</td></tr>
 *   <tr><td>2</td><td>if checkpoints are dropped and something changed since the last base: find the
 *       batches of a new one, and put those that compaction writes</td>
 *       <td>batches that no manifest lists; U2 lets a later collection have them</td></tr>
 *   <tr><td>3</td><td>list batches; which of them nothing needs?</td><td>nothing</td></tr>
 *   <tr><td>4</td><td>commit a manifest: the base, what is kept from, the boundary, what compaction
 *       holds, and {@code pendingDeletes}</td>
 *       <td>if it is there: the state is the same, nothing is deleted yet, and the next open finds
 *       the same batches unneeded. Otherwise: as 2</td></tr>
 *   <tr><td>5</td><td>check that the written batches are there; move the references of evicted blobs away from copied batches, each on condition of its version</td>
 *       <td>some were moved, some not: what is held stays, and the next collection moves the
 *       rest</td></tr>
 *   <tr><td>6</td><td>raise {@code gc/boundary}</td>
 *       <td>manifests below it that are still there; none is read or created</td></tr>
 *   <tr><td>7</td><td>list pins and read what they need</td><td>as 6</td></tr>
 *   <tr><td>8</td><td>validate the generation: no manifest follows, and ours is above the
 *       boundary</td><td>as 6</td></tr>
 *   <tr><td>9</td><td>delete the pending batches that no pin needs</td>
 *       <td>some are gone; a later collection lists what is left</td></tr>
 *   <tr><td>10</td><td>delete the manifests at or below the boundary that no pin needs</td>
 *       <td>as 9: what is left lies below the boundary</td></tr>
 *   <tr><td>11</td><td>clear: the next manifest has no pending deletes but those that failed</td>
 *       <td>names of batches that are gone; names are never used again</td></tr>
 * </table>
 *
 * <p>A writer that is fenced between 8 and 10 does no harm. No manifest up to its own lists what it
 * deletes, and the new writer continues from that manifest.
 *
 * <p>Thread: the tiering agent; one for the life of a writer.
 */
final class CollectionPass {
  private static final int MOVES_MAX = 8_192;

  /** Makes compactions, each for one run. */
  @FunctionalInterface
  interface Compactor {
    /** As {@link Compaction#run}. */
    Compaction.@Nullable Result run(List<TierManifest> chain, int belowPercent, int replacedMax);
  }

  private final TierWriter writer;
  private final ManifestStore manifests;
  private final Deletions deletions;
  private final CollectionConfig config;
  private final @Nullable LocalReferences local;
  private final Compactor compactor;
  private final LongSupplier nowMs;
  private final RetainedManifests retained = new RetainedManifests();

  /** Since which log sequence no local entry refers to a batch that is to be deleted. */
  private final Map<String, Long> unneededSince = new HashMap<>();

  private boolean unfinished = true;
  private long finishedAt;

  /**
   * @param local the store whose tier this is. Null if it is not open: then nothing is rewritten,
   *     and everything that is held stays.
   * @param nowMs milliseconds since 1970, for ages of checkpoints.
   */
  CollectionPass(
      ObjectStore objects,
      ManifestStore manifests,
      TierWriter writer,
      CollectionConfig config,
      @Nullable LocalReferences local,
      Compactor compactor,
      LongSupplier nowMs) {
    this.writer = writer;
    this.manifests = manifests;
    this.deletions = new Deletions(objects, manifests);
    this.config = config;
    this.local = local;
    this.compactor = compactor;
    this.nowMs = nowMs;
  }

  /** Whether nothing has happened since the last run that could give another one work. */
  boolean isIdle() {
    TierManifest last = writer.last();
    return !unfinished
        && finishedAt == last.sequence()
        && oldestKept(null) == last.collection().retainedFrom();
  }

  private long oldestKept(Compaction.@Nullable Result base) {
    TierManifest last = writer.last();
    long before = last.collection().retainedFrom();
    long newest = base == null ? last.sequence() : writer.nextSequence();
    long oldest = retained.retainedFrom(config, nowMs.getAsLong(), newest, before);
    // Not a manifest more only to call the same checkpoint by another number.
    return base == null && !retained.isPointBetween(before, oldest) ? before : oldest;
  }

  /** What stays. */
  private record Kept(
      long retainedFrom,
      long boundary,
      Compaction.@Nullable Result base,
      List<String> held,
      List<String> lost) {}

  /** What nothing needs. */
  private record Unneeded(List<ObjectInfo> batches, List<String> manifests) {}

  /** What is to become of the prefix. */
  private record Plan(Kept kept, Unneeded unneeded, int pins, boolean changesManifest) {
    boolean isNothing() {
      return !changesManifest
          && kept.held().isEmpty()
          && unneeded.batches().isEmpty()
          && unneeded.manifests().isEmpty();
    }

    boolean isAll() {
      return unneeded.batches().size() < CollectionState.NAMES_MAX;
    }
  }

  /**
   * Makes one collection; the writer must have nothing unresolved.
   *
   * @param dryRun whether to report only what it would do, without writing or deleting.
   * @throws io.ashlar.store.FencedException if another writer took over; nothing more is deleted.
   * @throws io.ashlar.store.StoreException if the object store does not answer or something is
   *     damaged: nothing that is needed was deleted, and another run resumes.
   */
  CollectionReport run(boolean dryRun) {
    unfinished = true;
    Plan plan = plan(dryRun);
    if (dryRun || plan.isNothing()) {
      finish(!dryRun && plan.kept().held().isEmpty() && plan.pins() == 0);
      return report(plan, 0, 0, plan.unneeded().batches(), plan.unneeded().manifests().size(), 0);
    }
    long sequence = 0;
    if (plan.changesManifest() || !plan.unneeded().batches().isEmpty()) {
      sequence = commit(plan);
    }
    long moved = plan.kept().held().isEmpty() ? 0 : moveReferences();
    return delete(plan, sequence, moved);
  }

  private Plan plan(boolean dryRun) {
    TierManifest last = writer.last();
    retained.refresh(manifests, last);
    boolean rebase = config.dropsCheckpoints() && retained.changedSinceBase();
    Compaction.Result base = null;
    if (rebase) {
      base = compacted(last, dryRun);
    }
    long next = writer.nextSequence();
    long retainedFrom = oldestKept(base);
    long baseOfRetained = retainedFrom == next ? next : retained.baseOf(retainedFrom);
    long boundary = Math.max(last.collection().boundary(), baseOfRetained - 1);

    LiveBatches live = new LiveBatches();
    retained.addTo(live, boundary);
    if (base != null) {
      base.batches().forEach(batch -> live.add(LiveBatches.number(batch.name())));
    }
    List<String> held = held(last, base);
    live.addNames(held);
    List<String> lost = referred(last.collection().lost());
    live.addNames(lost);
    if (local != null) {
      // U6 holds these already, if the names of held and lost batches are right. As the only copy
      // of a blob is at stake, the store itself is asked, too.
      local.forEachEvicted((change, reference) -> live.add(reference.first()));
    }
    Deletions.Pinned pinned = deletions.pinned(boundary);
    List<ObjectInfo> batches = new ArrayList<>();
    for (ObjectInfo batch :
        deletions.unreferenced(
            live, writer.generation(), writer.minInflight(), CollectionState.NAMES_MAX)) {
      if (!pinned.mayNeed(batch.key())) {
        batches.add(batch);
      }
    }
    if (!pinned.damaged().isEmpty()) {
      Log.log(
          CollectionPass.class,
          Level.WARNING,
          "manifests that pins need are damaged, so no batch is deleted until the pins are gone:"
              + " manifests="
              + pinned.damaged());
    }
    List<String> drops = deletions.manifestsThrough(boundary);
    drops.removeIf(key -> pinned.manifests().contains(TierKeys.manifestSequence(key)));
    boolean changes =
        base != null
            || retainedFrom != last.collection().retainedFrom()
            || boundary != last.collection().boundary()
            || !held.equals(last.collection().held())
            || !lost.equals(last.collection().lost());
    return new Plan(
        new Kept(retainedFrom, boundary, base, held, lost),
        new Unneeded(batches, drops),
        pinned.count(),
        changes);
  }

  private Compaction.@Nullable Result compacted(TierManifest last, boolean dryRun) {
    // Nothing is written for a base that copies nothing.
    int percent = local == null || dryRun ? 0 : config.compactBelowPercent();
    int room = CollectionState.NAMES_MAX - last.collection().held().size();
    Compaction.Result result = compactor.run(retained.chain(), percent, room);
    if (result == null) {
      Log.log(
          CollectionPass.class,
          Level.WARNING,
          "too many batches for one manifest, so old checkpoints stay: raise batchBytesTarget:"
              + " most="
              + TierManifest.BATCHES_MAX);
    }
    return result;
  }

  /** What is copied but may still be referred to: U6. */
  private List<String> held(TierManifest last, Compaction.@Nullable Result base) {
    Set<String> held = new HashSet<>(referred(last.collection().held()));
    if (base != null) {
      held.addAll(base.replaced());
    }
    return held.stream().sorted().toList();
  }

  /** Those of some batches that an evicted blob refers to; all, if the store is not open. */
  private List<String> referred(List<String> names) {
    LocalReferences from = local;
    if (from == null || names.isEmpty()) {
      return names;
    }
    Set<Long> referred = new HashSet<>();
    from.forEachEvicted((change, reference) -> referred.add(reference.first()));
    return names.stream()
        .filter(name -> referred.contains(LiveBatches.number(name)))
        .sorted()
        .toList();
  }

  private long commit(Plan plan) {
    CollectionState before = writer.last().collection();
    long sequence = writer.nextSequence();
    Compaction.Result base = plan.kept().base();
    writer.appendCollection(
        base == null ? List.of() : base.batches(),
        new CollectionState(
            base == null ? before.baseSequence() : sequence,
            plan.kept().retainedFrom(),
            plan.kept().boundary(),
            new CollectionState.Inflight(0, 0),
            new CollectionState.Names(
                plan.kept().held(),
                plan.unneeded().batches().stream().map(ObjectInfo::key).toList(),
                plan.kept().lost()),
            before.encryption()));
    retained.refresh(manifests, writer.last());
    return sequence;
  }

  /** Moves every local reference to a held batch; see step 5. */
  private long moveReferences() {
    LocalReferences from = local;
    if (from == null) {
      return 0;
    }
    LiveBatches held = new LiveBatches();
    held.addNames(writer.last().collection().held());
    List<Eviction> moves = new ArrayList<>();
    from.forEachEvicted((change, reference) -> {
      if (held.contains(reference.first())) {
        moves.add(new Eviction(change, reference));
      }
    });
    if (!moves.isEmpty()) {
      from.readAll();
      moves.replaceAll(move -> new Eviction(move.change(), from.find(move.change())));
    }
    for (int i = 0; i < moves.size(); i += MOVES_MAX) {
      from.moveCold(moves.subList(i, Math.min(moves.size(), i + MOVES_MAX)));
    }
    return moves.size();
  }

  private CollectionReport delete(Plan plan, long sequence, long moved) {
    if (plan.kept().boundary() > 0 && !manifests.boundary().raise(plan.kept().boundary())) {
      Log.log(
          CollectionPass.class,
          Level.WARNING,
          "this object store has no real put-if-match, so nothing of dropped checkpoints is"
              + " deleted");
      finish(true);
      return report(plan, sequence, moved, List.of(), 0, plan.unneeded().batches().size());
    }
    Deletions.Pinned pinned = deletions.pinned(plan.kept().boundary());
    List<ObjectInfo> batches = new ArrayList<>(plan.unneeded().batches());
    batches.removeIf(batch -> pinned.mayNeed(batch.key()) || isLeased(batch.key()));
    List<String> drops = new ArrayList<>(plan.unneeded().manifests());
    drops.removeIf(key -> pinned.manifests().contains(TierKeys.manifestSequence(key)));

    writer.checkNotFenced();
    List<String> keys = batches.stream().map(ObjectInfo::key).toList();
    Set<String> left =
        new HashSet<>(plan.unneeded().batches().stream().map(ObjectInfo::key).toList());
    keys.forEach(left::remove);
    left.addAll(deletions.delete(keys));
    List<String> dropsLeft = deletions.delete(drops);
    batches.removeIf(batch -> left.contains(batch.key()));
    unneededSince.keySet().retainAll(left);

    CollectionState said = writer.last().collection();
    writer.nextCollection(said.withNames(said.held(), left.stream().sorted().toList()));
    finish(
        plan.isAll()
            && left.isEmpty()
            && dropsLeft.isEmpty()
            && said.held().isEmpty()
            && pinned.count() == 0);
    return report(plan, sequence, moved, batches, drops.size() - dropsLeft.size(), left.size());
  }

  /** Whether a snapshot of the store is open that may have an entry which refers to a batch. */
  private boolean isLeased(String batch) {
    LocalReferences from = local;
    if (from == null) {
      return false;
    }
    long since = unneededSince.computeIfAbsent(batch, key -> from.sequence());
    return from.oldestSnapshotSequence() < since;
  }

  private void finish(boolean nothingLeft) {
    unfinished = !nothingLeft;
    finishedAt = writer.last().sequence();
  }

  private static CollectionReport report(
      Plan plan,
      long sequence,
      long moved,
      List<ObjectInfo> deleted,
      long manifestsDeleted,
      long left) {
    Compaction.Result base = plan.kept().base();
    return new CollectionReport(
        sequence,
        plan.kept().retainedFrom(),
        plan.kept().boundary(),
        manifestsDeleted,
        deleted.size(),
        deleted.stream().mapToLong(ObjectInfo::length).sum(),
        base == null ? 0 : base.replaced().size(),
        base == null ? 0 : base.bytesCopied(),
        moved,
        plan.pins(),
        left);
  }
}
