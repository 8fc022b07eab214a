package io.ashlar.tier.collect;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.TierManifestCodec;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the manifests that are left of a checkpoint's chain. The walk goes from the newest one that
 * any object names down to the first base that survives, or to sequence 1.
 *
 * <p>Thread: one; made for one walk. It reads several manifests at once, on threads that end
 * before.
 */
final class ChainWalk {
  private static final int CONCURRENT_MAX = 16;

  private final ObjectStore objects;
  private final ManifestStore manifests;
  private final NavigableSet<Long> listed = new TreeSet<>();
  private final NavigableMap<Long, TierManifest> survivors = new TreeMap<>();
  private final NavigableMap<Long, String> damaged = new ConcurrentSkipListMap<>();
  private final Map<Long, Optional<TierManifest>> fetched = new ConcurrentHashMap<>();
  private final Set<Long> lostBases = new HashSet<>();
  private TierManifestCodec.Hint hint = TierManifestCodec.Hint.NONE;
  private long boundary;
  private @Nullable List<TierKeys.BatchName> batches;

  ChainWalk(ObjectStore objects) {
    this.objects = objects;
    this.manifests = new ManifestStore(objects);
  }

  /**
   * Walks the chain of a checkpoint; throws what {@link SurvivingChain#read} does.
   *
   * @param checkpoint the sequence of a manifest, 1 or more; 0 for the newest.
   */
  SurvivingChain read(long checkpoint) {
    Listings.forEach(
        objects,
        TierKeys.MANIFESTS,
        object -> {
          long sequence = TierKeys.manifestSequence(object.key());
          if (sequence > 0) {
            listed.add(sequence);
          }
          return true;
        });
    long newest = newest();
    if (checkpoint > newest) {
      throw new StoreOpenException(
          "there is no such checkpoint: checkpoint="
              + checkpoint
              + ", newest="
              + newest
              + ", tier="
              + objects,
          null);
    }
    newest = checkpoint == 0 ? newest : checkpoint;
    boolean whole = descend(newest);
    LostGaps gaps =
        new LostGaps(survivors.values(), hint, boundary, lostBases, damaged, this::batches);
    List<SurvivingChain.Link> links = new ArrayList<>();
    List<TierManifest> oldestFirst = List.copyOf(survivors.values());
    TierManifest before = null;
    for (TierManifest manifest : oldestFirst) {
      boolean first = before == null;
      long expected = before == null ? 1 : before.sequence() + 1;
      if (manifest.sequence() > expected && !(first && whole)) {
        links.add(gaps.gap(before, manifest, expected, manifest.sequence() - 1));
      }
      manifest
          .batches()
          .forEach(batch -> links.add(new SurvivingChain.Listed(batch, manifest.sequence())));
      before = manifest;
    }
    long end = before == null ? 0 : before.sequence();
    if (end < newest) {
      links.add(gaps.gap(before, null, end + 1, newest));
    }
    return new SurvivingChain(newest, oldestFirst, links, gaps.lost(links));
  }

  /** The last sequence that any object names. */
  private long newest() {
    long newest = listed.isEmpty() ? 0 : listed.last();
    hint = hint();
    newest = Math.max(newest, hint.sequence());
    boundary = boundary();
    newest = Math.max(newest, boundary == 0 ? 0 : boundary + 1);
    for (ObjectInfo pin : Pins.list(objects)) {
      newest = Math.max(newest, TierKeys.pinnedSequence(pin.key()));
    }
    if (newest == 0 && batches().isEmpty()) {
      throw new StoreOpenException(
          "there is nothing here: no manifest and no batch is below this prefix: prefix=" + objects,
          null);
    }
    return Math.max(1, newest);
  }

  private TierManifestCodec.Hint hint() {
    try {
      return manifests.checkedHint();
    } catch (CorruptionException damaged) {
      return TierManifestCodec.Hint.NONE;
    }
  }

  private long boundary() {
    try {
      return manifests.boundary().sequence();
    } catch (CorruptionException damaged) {
      return 0;
    }
  }

  /**
   * Reads manifests from {@code newest} down to a base.
   *
   * @return whether one was found: then nothing before it is needed.
   */
  private boolean descend(long newest) {
    TierManifest child = null;
    long floor = 1;
    long from = newest;
    while (true) {
      Long next = listed.floor(from);
      if (next == null || next < floor) {
        if (floor == 1) {
          return false;
        }
        lostBases.add(floor);
        from = floor - 1;
        floor = 1;
        child = null;
        continue;
      }
      TierManifest manifest = survivor(next, child == null ? next : floor, child);
      if (manifest == null) {
        listed.remove(next);
        continue;
      }
      survivors.put(next, manifest);
      if (manifest.isBase()) {
        return true;
      }
      child = manifest;
      floor = manifest.collection().baseSequence();
      from = next - 1;
    }
  }

  private @Nullable TierManifest survivor(long sequence, long floor, @Nullable TierManifest child) {
    if (!fetched.containsKey(sequence)) {
      fetch(sequence, floor);
    }
    Optional<TierManifest> read = fetched.remove(sequence);
    TierManifest manifest = read == null ? null : read.orElse(null);
    boolean fits =
        manifest == null
            || child == null
            || (manifest.generation() <= child.generation()
                && manifest.collection().baseSequence() == child.collection().baseSequence());
    if (!fits) {
      damaged.put(sequence, "manifest does not belong to the chain that continues after it");
    }
    return fits ? manifest : null;
  }

  /** Reads several of those that the walk comes to next, at once. */
  private void fetch(long newest, long floor) {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Boolean>> group = new ArrayList<>();
      for (Long sequence : listed.headSet(newest, true).descendingSet()) {
        if (sequence < floor || group.size() == CONCURRENT_MAX) {
          break;
        }
        group.add(FutureOutcomes.supply(() -> fetch(sequence), threads));
      }
      CompletableFuture.allOf(group.toArray(CompletableFuture[]::new)).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private boolean fetch(long sequence) {
    try {
      // Null if it was deleted since it was listed.
      fetched.put(sequence, Optional.ofNullable(manifests.find(sequence)));
      return true;
    } catch (CorruptionException e) {
      damaged.put(sequence, String.valueOf(e.getMessage()));
      fetched.put(sequence, Optional.empty());
      return false;
    }
  }

  /** All batches that are there, in the order of their numbers; listed once. */
  private List<TierKeys.BatchName> batches() {
    List<TierKeys.BatchName> found = batches;
    if (found == null) {
      List<TierKeys.BatchName> names = new ArrayList<>();
      Listings.forEach(
          objects,
          TierKeys.BATCHES,
          object -> {
            TierKeys.BatchName name = TierKeys.batchName(object.key());
            if (name != null) {
              names.add(name);
            }
            return true;
          });
      found = names;
      batches = names;
    }
    return found;
  }
}
