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

/** The checkpoints of a tier that can be restored. Thread: any; there is no state. */
public final class Checkpoints {
  private static final int ATTEMPTS_MAX = 8;

  private Checkpoints() {}

  /** Why a manifest was written. */
  public enum Kind {
    /** Something had changed. */
    CHANGES,
    /** A writer took over; the state is that of the parent. */
    CLAIM,
    /** A collection; the state is that of the parent. */
    COLLECTION
  }

  /**
   * One checkpoint.
   *
   * @param sequence what it is called.
   * @param kind why it was written.
   * @param generation its writer's.
   * @param epoch the last epoch in it.
   * @param createdMs when it was written, by its writer's clock.
   * @param entries blobs and deletes that it added to its parent.
   * @param batches batches that it added.
   * @param bytes their bytes as objects.
   * @param parent the checkpoint before it, or 0.
   * @param pins pins on it.
   */
  public record Checkpoint(
      long sequence,
      Kind kind,
      long generation,
      long epoch,
      long createdMs,
      long entries,
      long batches,
      long bytes,
      long parent,
      int pins) {}

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
      checkpoints.add(checkpoint(manifest, before, pins.getOrDefault(manifest.sequence(), 0)));
      before = manifest;
    }
    return checkpoints;
  }

  private static Checkpoint checkpoint(
      TierManifest manifest, @Nullable TierManifest before, int pins) {
    boolean point = RetainedManifests.isPoint(manifest);
    boolean claim = before == null || before.generation() != manifest.generation();
    Kind kind = point ? Kind.CHANGES : claim && !manifest.isBase() ? Kind.CLAIM : Kind.COLLECTION;
    List<BatchReference> added = point ? manifest.batches() : List.of();
    return new Checkpoint(
        manifest.sequence(),
        kind,
        manifest.generation(),
        manifest.lastEpoch(),
        manifest.createdMs(),
        added.stream().mapToLong(BatchReference::entries).sum(),
        added.size(),
        added.stream().mapToLong(BatchReference::bytes).sum(),
        manifest.parentSequence(),
        pins);
  }
}
