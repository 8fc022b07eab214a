package io.ashlar.tier.collect;

import io.ashlar.tier.CollectionConfig;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import java.util.ArrayList;
import java.util.List;

/**
 * What a collection knows of the manifests above the boundary: in full those of the newest chain,
 * of the others which batches they list. Each is read once in the life of a writer.
 *
 * <p>Thread: one. Memory: some 80 bytes a manifest and 8 a batch listed, on the heap.
 */
public final class RetainedManifests {
  /** A manifest, as far as retention and collection look at it. */
  private record Entry(
      long sequence, long baseSequence, long createdMs, boolean point, List<Long> batches) {}

  private final List<Entry> entries = new ArrayList<>();
  private final List<TierManifest> chain = new ArrayList<>();

  /** Knows nothing yet. */
  public RetainedManifests() {}

  /**
   * Reads what is not known yet, up to the newest manifest, and forgets what was dropped.
   *
   * @param latest the newest manifest, which was committed.
   * @throws io.ashlar.store.CorruptionException naming the manifest that is absent or damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public void refresh(ManifestStore store, TierManifest latest) {
    forget(latest.collection().boundary());
    long known = entries.isEmpty() ? latest.collection().boundary() : entries.getLast().sequence();
    for (TierManifest manifest : ManifestChain.readRange(store, known + 1, latest.sequence() - 1)) {
      add(manifest);
    }
    if (known < latest.sequence()) {
      add(latest);
    }
  }

  /** Takes in the manifest that follows the newest known one. */
  private void add(TierManifest manifest) {
    if (manifest.isBase()) {
      chain.clear();
    }
    chain.add(manifest);
    List<Long> batches = new ArrayList<>(manifest.batches().size());
    for (BatchReference batch : manifest.batches()) {
      batches.add(LiveBatches.number(batch.name()));
    }
    entries.add(
        new Entry(
            manifest.sequence(),
            manifest.collection().baseSequence(),
            manifest.createdMs(),
            isPoint(manifest),
            batches));
  }

  private void forget(long boundary) {
    entries.removeIf(entry -> entry.sequence() <= boundary);
  }

  /** Whether it changed the state; claims and bases do not. */
  static boolean isPoint(TierManifest manifest) {
    return !manifest.batches().isEmpty() && (!manifest.isBase() || manifest.sequence() == 1);
  }

  /** The chain of the newest, oldest first. */
  public List<TierManifest> chain() {
    return List.copyOf(chain);
  }

  /** Whether something changed since the chain's base. */
  public boolean changedSinceBase() {
    return chain.stream().anyMatch(RetainedManifests::isPoint);
  }

  /**
   * The oldest checkpoint to keep. Where that is one which later manifests repeat without a change,
   * as claims and bases do, the last of these stands for it.
   *
   * @param nowMs for ages.
   * @param next the sequence of a manifest that is about to be written and repeats the newest.
   * @param before the oldest kept so far: nothing that was dropped comes back.
   */
  public long retainedFrom(CollectionConfig config, long nowMs, long next, long before) {
    if (!config.dropsCheckpoints()) {
      return before;
    }
    long oldest = next;
    long count = 0;
    long after = next; // the last manifest that repeats the point looked at
    for (Entry entry : entries.reversed()) {
      if (entry.sequence() < before) {
        break;
      }
      // The oldest kept so far may be a base that stands for a checkpoint which was dropped.
      boolean stands = entry.sequence() == before && before > 1;
      if (!entry.point() && !stands) {
        continue;
      }
      count++;
      boolean kept =
          count == 1
              || count <= config.retainCount()
              || (config.retainMs() > 0 && nowMs - entry.createdMs() <= config.retainMs());
      if (kept) {
        oldest = after;
      }
      after = entry.sequence() - 1;
    }
    return Math.max(before, oldest);
  }

  /**
   * Whether one of the manifests after {@code after}, through {@code through}, changed the state.
   */
  public boolean isPointBetween(long after, long through) {
    return entries.stream()
        .anyMatch(
            entry -> entry.point() && entry.sequence() > after && entry.sequence() <= through);
  }

  /** Where the chain of a manifest begins; 1, so that nothing is dropped, if it is not known. */
  public long baseOf(long sequence) {
    for (Entry entry : entries) {
      if (entry.sequence() == sequence) {
        return entry.baseSequence();
      }
    }
    return 1;
  }

  /** Adds the batches of all manifests above {@code boundary}. */
  public void addTo(LiveBatches live, long boundary) {
    for (Entry entry : entries) {
      if (entry.sequence() > boundary) {
        entry.batches().forEach(live::add);
      }
    }
  }
}
