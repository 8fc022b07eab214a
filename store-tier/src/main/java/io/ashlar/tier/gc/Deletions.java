package io.ashlar.tier.gc;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What readers have pinned, what is there, and deleting it. Thread: one; made for one collection.
 */
public final class Deletions {
  private final ObjectStore objects;
  private final ManifestStore manifests;

  /** Deletes below the root of {@code objects}, which stays the caller's. */
  public Deletions(ObjectStore objects, ManifestStore manifests) {
    this.objects = objects;
    this.manifests = manifests;
  }

  /**
   * What pins keep.
   *
   * @param count pins found.
   * @param manifests sequences of the manifests that they need.
   * @param batches what these manifests list.
   */
  public record Pinned(int count, Set<Long> manifests, LiveBatches batches) {}

  /**
   * Lists the pins, and reads of the chains of pinned checkpoints what lies at or below {@code
   * boundary}: what lies above is kept anyway. What is absent there was dropped before it was
   * pinned, and its reader knows by the boundary.
   *
   * @throws io.ashlar.store.StoreException if anything but "absent" is answered.
   */
  public Pinned pinned(long boundary) {
    Set<Long> kept = new HashSet<>();
    LiveBatches batches = new LiveBatches();
    List<ObjectInfo> pins = Pins.list(objects);
    for (ObjectInfo pin : pins) {
      long sequence = TierKeys.pinnedSequence(pin.key());
      TierManifest manifest = sequence <= boundary ? manifests.find(sequence) : null;
      if (manifest == null || !kept.add(sequence)) {
        continue;
      }
      batches.addAll(manifest);
      long base = manifest.upkeep().baseSequence();
      for (long parent = sequence - 1; parent >= base && kept.add(parent); parent--) {
        TierManifest found = manifests.find(parent);
        if (found != null) {
          batches.addAll(found);
        }
      }
    }
    return new Pinned(pins.size(), kept, batches);
  }

  /** The keys of all manifests that are there at or below {@code boundary}. */
  public List<String> manifestsThrough(long boundary) {
    List<String> keys = new ArrayList<>();
    if (boundary > 0) {
      Listings.forEach(
          objects,
          TierKeys.MANIFESTS,
          object -> {
            long sequence = TierKeys.manifestSequence(object.key());
            if (sequence > 0 && sequence <= boundary) {
              keys.add(object.key());
            }
            return sequence <= boundary;
          });
    }
    return keys;
  }

  /**
   * The batches that nothing needs and nothing can come to need: of an earlier generation, whose
   * writers can commit no more, or numbered before all that this writer may still list.
   *
   * @param generation the committed generation.
   * @param minInflight of this generation.
   * @param most how many at most; the rest is for another collection.
   */
  public List<ObjectInfo> unreferenced(
      LiveBatches live, long generation, long minInflight, int most) {
    List<ObjectInfo> found = new ArrayList<>();
    Listings.forEach(
        objects,
        TierKeys.BATCHES,
        object -> {
          TierKeys.BatchName name = TierKeys.batchName(object.key());
          boolean settled =
              name != null
                  && (name.generation() < generation
                      || (name.generation() == generation && name.number() < minInflight));
          if (settled && !live.contains(object.key())) {
            found.add(object);
          }
          return found.size() < most;
        });
    return found;
  }

  /**
   * Deletes objects, at most 1,000 a request. An absent one counts as deleted.
   *
   * @return the keys that may still be there.
   * @throws TierUnavailableException if the object store does not answer: any of them may be gone.
   */
  public List<String> delete(List<String> keys) {
    List<String> left = new ArrayList<>();
    for (int from = 0; from < keys.size(); from += ObjectStore.DELETE_KEYS_MAX) {
      List<String> some =
          keys.subList(from, Math.min(keys.size(), from + ObjectStore.DELETE_KEYS_MAX));
      try {
        left.addAll(objects.deleteAll(some).failed().keySet());
      } catch (ObjectStoreException e) {
        throw new TierUnavailableException("deleting failed: " + e.getMessage(), e);
      }
    }
    return left;
  }
}
