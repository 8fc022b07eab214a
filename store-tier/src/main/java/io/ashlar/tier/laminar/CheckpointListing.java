package io.ashlar.tier.laminar;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which checkpoints there are, by the keys there are.
 *
 * @param complete those with a manifest, oldest first.
 * @param incomplete those without, oldest first.
 */
record CheckpointListing(List<CheckpointId> complete, List<CheckpointId> incomplete) {

  /**
   * Lists. If a page ends within a checkpoint, after its manifest, the rest of the checkpoint's
   * objects is skipped. So a listing costs about one request for each 1,000 objects, or one for
   * each checkpoint if that is fewer.
   */
  static CheckpointListing read(ObjectStore objects, CheckpointPaths paths) {
    TreeMap<CheckpointId, Boolean> found = new TreeMap<>();
    String after = null;
    while (true) {
      ObjectPage page = page(objects, paths.prefix(), after);
      CheckpointPaths.Place last = null;
      for (ObjectInfo object : page.objects()) {
        last = paths.place(object.key());
        if (last != null) {
          found.merge(last.id(), last.isManifest(), Boolean::logicalOr);
        }
      }
      if (!page.more() || page.objects().isEmpty()) {
        break;
      }
      String lastKey = page.objects().getLast().key();
      boolean jump =
          last != null && last.slashed() && lastKey.compareTo(paths.manifest(last.id())) >= 0;
      after = jump && last != null ? paths.afterDirectory(last.id()) : lastKey;
    }
    return new CheckpointListing(
        found.keySet().stream().filter(id -> Boolean.TRUE.equals(found.get(id))).toList(),
        found.keySet().stream().filter(id -> !Boolean.TRUE.equals(found.get(id))).toList());
  }

  /** Deletes all objects of {@code id}, the manifests first. */
  static CheckpointDeletion delete(ObjectStore objects, CheckpointPaths paths, CheckpointId id) {
    List<String> manifests = new ArrayList<>();
    List<String> others = new ArrayList<>();
    String after = null;
    while (true) {
      ObjectPage page = page(objects, paths.everything(id), after);
      for (ObjectInfo object : page.objects()) {
        CheckpointPaths.Place place = paths.place(object.key());
        (place != null && place.isManifest() ? manifests : others).add(object.key());
      }
      if (!page.more() || page.objects().isEmpty()) {
        break;
      }
      after = page.objects().getLast().key();
    }
    Map<String, String> failed = new LinkedHashMap<>();
    long removed = remove(objects, manifests, failed);
    if (failed.isEmpty()) {
      removed += remove(objects, others, failed);
    } else {
      others.forEach(key -> failed.put(key, "kept, because the manifest could not be deleted"));
    }
    return new CheckpointDeletion(removed, failed);
  }

  private static long remove(ObjectStore objects, List<String> keys, Map<String, String> failed) {
    long removed = 0;
    for (int i = 0; i < keys.size(); i += ObjectStore.DELETE_KEYS_MAX) {
      List<String> page = keys.subList(i, Math.min(i + ObjectStore.DELETE_KEYS_MAX, keys.size()));
      try {
        DeleteResult result = objects.deleteAll(page);
        removed += result.deleted().size();
        failed.putAll(result.failed());
      } catch (ObjectStoreException e) {
        page.forEach(key -> failed.put(key, String.valueOf(e.getMessage())));
      }
    }
    return removed;
  }

  private static ObjectPage page(ObjectStore objects, String prefix, @Nullable String after) {
    try {
      return objects.list(prefix, after);
    } catch (ObjectStoreException e) {
      throw new TierUnavailableException(
          "listing checkpoints failed: prefix=" + prefix + ", reason=" + e.getMessage(), e);
    }
  }
}
