package io.ashlar.tier.collect;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lists the checkpoints of a tier that can be restored.
 *
 * <p>Thread: any; there is no state.
 */
public final class Checkpoints {
  private static final int ATTEMPTS_MAX = 8;

  private Checkpoints() {}

  /** Why a manifest was written. */
  public enum Kind {
    /** Blobs had changed. */
    CHANGES,
    /** A writer took the prefix, for the first time or over; the state is that of the parent. */
    CLAIM,
    /** A collection or a repair; the state is that of the parent, without blobs that were lost. */
    COLLECTION
  }

  /**
   * One checkpoint.
   *
   * @param manifest what describes it.
   * @param kind why it was written.
   * @param pins pins on it.
   */
  public record Checkpoint(TierManifest manifest, Kind kind, int pins) {
    /** What it is called. */
    public long sequence() {
      return manifest.sequence();
    }

    /** The number of its writer. */
    public long generation() {
      return manifest.generation();
    }

    /** The last epoch in it. */
    public long epoch() {
      return manifest.lastEpoch();
    }

    /** When it was written, by its writer's clock, in milliseconds since 1970. */
    public long createdMs() {
      return manifest.createdMs();
    }

    /** The checkpoint before it, or 0. */
    public long parent() {
      return manifest.parentSequence();
    }

    /** Blobs and deletes that it added to its parent. */
    public long entries() {
      return added().stream().mapToLong(BatchReference::entries).sum();
    }

    /** Batches that it added to its parent. */
    public long batches() {
      return added().size();
    }

    /** Bytes of these batches as objects. */
    public long bytes() {
      return added().stream().mapToLong(BatchReference::bytes).sum();
    }

    private List<BatchReference> added() {
      return kind == Kind.CHANGES ? manifest.batches() : List.of();
    }
  }

  /**
   * Lists the checkpoints that retention keeps.
   *
   * @return the oldest first; empty if there is no tier.
   * @throws CorruptionException if a manifest is absent or damaged.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote one.
   * @throws TierUnavailableException if the object store does not answer, or checkpoints are
   *     dropped as fast as they are listed.
   */
  public static List<Checkpoint> list(ObjectStore objects) {
    ManifestStore manifests = new ManifestStore(objects);
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      TierManifest latest = manifests.latest();
      if (latest == null) {
        return List.of();
      }
      try {
        return list(objects, kept(manifests, latest));
      } catch (CorruptionException e) {
        // What was listed may have been dropped meanwhile: then there is another list.
        if (manifests.boundary().sequence() < latest.collection().retainedFrom()) {
          throw e;
        }
      }
    }
    throw new TierUnavailableException(
        "checkpoints are dropped while they are listed: store=" + objects, null);
  }

  private static List<TierManifest> kept(ManifestStore manifests, TierManifest latest) {
    List<TierManifest> kept =
        ManifestChain.readRange(
            manifests, latest.collection().retainedFrom(), latest.sequence() - 1);
    kept.add(latest);
    return kept;
  }

  private static List<Checkpoint> list(ObjectStore objects, List<TierManifest> kept) {
    Map<Long, Integer> pins = new HashMap<>();
    for (ObjectInfo pin : Pins.list(objects)) {
      var _ = pins.merge(TierKeys.pinnedSequence(pin.key()), 1, Integer::sum);
    }
    List<Checkpoint> checkpoints = new ArrayList<>();
    TierManifest before = null;
    for (TierManifest manifest : kept) {
      int pinned = pins.getOrDefault(manifest.sequence(), 0);
      checkpoints.add(new Checkpoint(manifest, kind(manifest, before), pinned));
      before = manifest;
    }
    return checkpoints;
  }

  /**
   * Why a manifest was written.
   *
   * @param before the manifest before it, or null if that was dropped or there was none.
   */
  private static Kind kind(TierManifest manifest, @Nullable TierManifest before) {
    if (RetainedManifests.isPoint(manifest)) {
      return Kind.CHANGES;
    }
    boolean first = manifest.parentSequence() == 0; // it begins the chain, so it is a base, too
    boolean ofNewWriter = before == null || before.generation() != manifest.generation();
    return first || (ofNewWriter && !manifest.isBase()) ? Kind.CLAIM : Kind.COLLECTION;
  }
}
