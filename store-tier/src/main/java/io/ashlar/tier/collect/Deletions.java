package io.ashlar.tier.collect;

import io.ashlar.store.CorruptionException;
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
import org.jspecify.annotations.Nullable;

/**
 * What readers have pinned, what is there, and deleting it.
 *
 * <p>Thread: one; made for one collection.
 */
public final class Deletions {
  /** One bad answer is not believed; the second is. */
  private static final int LOOKS = 2;

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
   * @param damaged of these manifests, those that cannot be read: what they list is not known.
   */
  public record Pinned(int count, Set<Long> manifests, LiveBatches batches, List<Long> damaged) {
    /** Whether a pin may need a batch. */
    public boolean mayNeed(String batch) {
      return !damaged.isEmpty() || batches.contains(batch);
    }
  }

  /**
   * Lists the pins, and reads of the chains of pinned checkpoints what lies at or below {@code
   * boundary}: what lies above is kept anyway. What is absent there was dropped before it was
   * pinned, and its reader knows by the boundary. What is damaged there may list any batch.
   *
   * @throws io.ashlar.store.StoreException if anything but "absent" is answered.
   */
  public Pinned pinned(long boundary) {
    Set<Long> kept = new HashSet<>();
    LiveBatches batches = new LiveBatches();
    List<Long> damaged = new ArrayList<>();
    List<ObjectInfo> pins = Pins.list(objects);
    for (ObjectInfo pin : pins) {
      long sequence = TierKeys.pinnedSequence(pin.key());
      if (sequence > boundary || !kept.add(sequence)) {
        continue;
      }
      TierManifest manifest = read(sequence, batches, damaged);
      long base = manifest == null ? sequence : manifest.collection().baseSequence();
      for (long parent = sequence - 1; parent >= base && kept.add(parent); parent--) {
        var _ = read(parent, batches, damaged);
      }
    }
    return new Pinned(pins.size(), kept, batches, damaged);
  }

  private @Nullable TierManifest read(long sequence, LiveBatches batches, List<Long> damaged) {
    try {
      TierManifest manifest = manifests.find(sequence);
      if (manifest != null) {
        batches.addAll(manifest);
      }
      return manifest;
    } catch (CorruptionException e) {
      damaged.add(sequence);
      return null;
    }
  }

  /**
   * The keys of all manifests that are there at or below {@code boundary}. A listing that shows
   * none above it, where the newest always is, was answered badly and is made once more.
   */
  public List<String> manifestsThrough(long boundary) {
    List<String> keys = new ArrayList<>();
    boolean[] whole = {boundary == 0};
    for (int look = 0; look < LOOKS && !whole[0]; look++) {
      keys.clear();
      Listings.forEach(
          objects,
          TierKeys.MANIFESTS,
          object -> {
            long sequence = TierKeys.manifestSequence(object.key());
            if (sequence > 0 && sequence <= boundary) {
              keys.add(object.key());
            }
            whole[0] = sequence > boundary;
            return !whole[0];
          });
    }
    return keys;
  }

  /**
   * The batches that no manifest needs or can come to need. They are of an earlier generation,
   * whose writers can commit no more, or numbered before all that this writer may still list. If a
   * listing does not show every batch that is needed, it is made once more: the answer was bad, or
   * a batch is lost.
   *
   * @param generation the committed generation.
   * @param minInflight of this generation.
   * @param most how many at most; the rest is for another collection.
   */
  public List<ObjectInfo> unreferenced(
      LiveBatches live, long generation, long minInflight, int most) {
    List<ObjectInfo> found = new ArrayList<>();
    LiveBatches shown = new LiveBatches();
    boolean again = true;
    for (int look = 0; look < LOOKS && again; look++) {
      found.clear();
      Listings.forEach(
          objects,
          TierKeys.BATCHES,
          object -> {
            TierKeys.BatchName name = TierKeys.batchName(object.key());
            boolean settled =
                name != null
                    && (name.generation() < generation
                        || (name.generation() == generation && name.number() < minInflight));
            if (settled && live.contains(object.key())) {
              shown.add(LiveBatches.number(object.key()));
            } else if (settled) {
              found.add(object);
            }
            return found.size() < most;
          });
      again = shown.size() < live.size() && found.size() < most;
    }
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
