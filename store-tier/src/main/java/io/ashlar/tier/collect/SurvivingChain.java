package io.ashlar.tier.collect;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.tier.checkpoint.BatchReference;
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
 * What is left of the chain of a checkpoint, manifest by manifest, when objects of it are lost. It
 * writes nothing, and no damage makes it fail.
 *
 * <p><b>Which manifests there were.</b> The newest is the last one that anything speaks of: the
 * listing, the hint, a pin, or the boundary, which lies below a manifest that is kept. From there
 * the walk goes down to the first base that survives, or to sequence 1. A lost base that a survivor
 * names changed nothing: the walk goes on below it, to what retention has not deleted yet.
 *
 * <p><b>What a lost manifest may have said.</b> Batches are numbered by their writer, and each
 * manifest says below which number everything is settled; the hint says that of the newest, and a
 * claim that of its parent. So the batches of lost manifests have numbers in a known window. Those
 * in the window that no survivor names are the gap's <i>candidates</i>: a lost manifest listed
 * them, or a pass that failed left them. If the gap is of one generation and every number of the
 * window is accounted for, it is <i>bounded</i>: nothing can have changed there but the ids of its
 * candidates. Otherwise any id can have.
 *
 * <p>A gap is <i>neutral</i> if it changed nothing: it is a base that a survivor names, or the
 * claim of a generation, which is always its first manifest.
 *
 * <p>Thread: any; immutable. Costs a listing of manifests and pins, a GET for each manifest of the
 * chain, and, if one is lost, a listing of batches.
 */
public final class SurvivingChain {
  private static final int CONCURRENT_MAX = 16;

  /** A stretch of the chain. */
  public sealed interface Link permits Listed, Gap {}

  /**
   * A batch that a surviving manifest lists.
   *
   * @param sequence the manifest's.
   */
  public record Listed(BatchReference batch, long sequence) implements Link {}

  /**
   * Manifests in a row that are lost.
   *
   * @param from the first one's sequence.
   * @param through the last one's sequence.
   * @param neutral whether it is a base or a claim alone: it changed nothing.
   * @param bounded whether only ids of the candidates can have changed there.
   * @param candidates names of batches that they may have listed, the oldest first.
   */
  public record Gap(
      long from, long through, boolean neutral, boolean bounded, List<String> candidates)
      implements Link {
    /** Takes a copy of the list. */
    public Gap {
      candidates = List.copyOf(candidates);
    }
  }

  /**
   * Manifests in a row that are lost.
   *
   * @param from the first one's sequence.
   * @param through the last one's sequence.
   * @param reason what is wrong with them.
   */
  public record LostManifests(long from, long through, String reason) {
    /** Their keys, for people. */
    public String keys() {
      String first = TierKeys.manifest(from);
      return from == through ? first : first + " to " + TierKeys.manifest(through);
    }
  }

  private final long sequence;
  private final List<TierManifest> survivors;
  private final List<Link> links;
  private final List<LostManifests> lost;

  private SurvivingChain(
      long sequence, List<TierManifest> survivors, List<Link> links, List<LostManifests> lost) {
    this.sequence = sequence;
    this.survivors = List.copyOf(survivors);
    this.links = List.copyOf(links);
    this.lost = List.copyOf(lost);
  }

  /**
   * Finds what is left.
   *
   * @param objects the tier; stays the caller's.
   * @param checkpoint the sequence of a manifest, 1 or more; 0 for the newest.
   * @throws StoreOpenException if the prefix holds neither a manifest nor a batch, or nothing says
   *     that there ever was such a checkpoint.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote one of the objects.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static SurvivingChain read(ObjectStore objects, long checkpoint) {
    return new Walk(objects).read(checkpoint);
  }

  /** The checkpoint's sequence. */
  public long sequence() {
    return sequence;
  }

  /** Manifests that are left of the chain, oldest first. */
  public List<TierManifest> survivors() {
    return survivors;
  }

  /** The newest manifest that is left, or null. */
  public @Nullable TierManifest newest() {
    return survivors.isEmpty() ? null : survivors.getLast();
  }

  /** What makes the checkpoint's state, in the order in which it applies. */
  public List<Link> links() {
    return links;
  }

  /** Manifests that the state needs and that are lost, oldest first. */
  public List<LostManifests> lost() {
    return lost;
  }

  /** One walk. Thread: one. */
  private static final class Walk {
    private final ObjectStore objects;
    private final ManifestStore manifests;
    private final NavigableSet<Long> listed = new TreeSet<>();
    private final NavigableMap<Long, TierManifest> survivors = new TreeMap<>();
    private final NavigableMap<Long, String> damaged = new ConcurrentSkipListMap<>();
    private final Map<Long, Optional<TierManifest>> fetched = new ConcurrentHashMap<>();
    private final Set<Long> lostBases = new HashSet<>();
    private TierManifestCodec.Hint hint = TierManifestCodec.Hint.NONE;
    private long boundary;

    Walk(ObjectStore objects) {
      this.objects = objects;
      this.manifests = new ManifestStore(objects);
    }

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
      List<Link> links = new ArrayList<>();
      List<TierManifest> oldestFirst = List.copyOf(survivors.values());
      TierManifest before = null;
      for (TierManifest manifest : oldestFirst) {
        boolean first = before == null;
        long expected = before == null ? 1 : before.sequence() + 1;
        if (manifest.sequence() > expected && !(first && whole)) {
          links.add(gap(before, manifest, expected, manifest.sequence() - 1));
        }
        manifest.batches().forEach(batch -> links.add(new Listed(batch, manifest.sequence())));
        before = manifest;
      }
      long end = before == null ? 0 : before.sequence();
      if (end < newest) {
        links.add(gap(before, null, end + 1, newest));
      }
      return new SurvivingChain(newest, oldestFirst, links, lost(links));
    }

    /** The last sequence that anything speaks of. */
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
            "there is nothing here: no manifest and no batch is below this prefix: prefix="
                + objects,
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

    private @Nullable TierManifest survivor(
        long sequence, long floor, @Nullable TierManifest child) {
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
        damaged.put(sequence, "manifest is not of the chain that goes on after it");
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

    private Gap gap(
        @Nullable TierManifest before, @Nullable TierManifest after, long from, long through) {
      boolean single = from == through;
      if (single && isClaimBetween(before, after)) {
        return new Gap(from, through, true, true, List.of());
      }
      List<String> candidates = new ArrayList<>();
      for (TierKeys.BatchName name : batches()) {
        String key = TierKeys.batch(name.generation(), name.number(), name.id());
        boolean settledBefore = before != null && !isOpenAt(name, before);
        boolean openAfter = after != null && isOpenAt(name, after);
        if (!settledBefore && !openAfter && !named().contains(key)) {
          candidates.add(key);
        }
      }
      boolean neutral = single && from > 1 && lostBases.contains(from);
      long end = end(before, after, from, through);
      return new Gap(from, through, neutral, isAccountedFor(before, end, candidates), candidates);
    }

    /** Whether one manifest is missing, and it is the first of its generation. */
    private static boolean isClaimBetween(
        @Nullable TierManifest before, @Nullable TierManifest after) {
      return before != null
          && after != null
          && after.generation() == before.generation() + 1
          && (!after.batches().isEmpty() || after.collection().minInflight() > 0);
    }

    /** Whether a manifest leaves open if a batch of this name will be listed. */
    private static boolean isOpenAt(TierKeys.BatchName name, TierManifest manifest) {
      return name.generation() > manifest.generation()
          || (name.generation() == manifest.generation()
              && name.number() >= manifest.collection().minInflight());
    }

    /**
     * The number below which every batch is settled at the end of a gap, if all of it is of the
     * generation of the manifest before. 0 if that is not known.
     */
    private long end(
        @Nullable TierManifest before, @Nullable TierManifest after, long from, long through) {
      if (before == null) {
        return 0;
      }
      if (after == null) {
        boolean named = hint.sequence() == through && hint.generation() == before.generation();
        return named ? hint.minInflight() : 0;
      }
      if (after.generation() == before.generation()) {
        return after.collection().minInflight();
      }
      // What one manifest before a claim is: of the generation before the claim's.
      boolean oneOfParent = from == through && after.generation() == before.generation() + 1;
      return oneOfParent ? after.collection().parentInflight() : 0;
    }

    /** Whether each number that the gap can have listed is that of a batch that is there. */
    private boolean isAccountedFor(
        @Nullable TierManifest before, long end, List<String> candidates) {
      if (before == null) {
        return false;
      }
      Set<Long> numbers = new HashSet<>();
      candidates.forEach(key -> numbers.add(LiveBatches.number(key)));
      named().forEach(key -> numbers.add(LiveBatches.number(key)));
      for (long number = before.collection().minInflight(); number < end; number++) {
        if (!numbers.contains(before.generation() << 32 | number)) {
          return false;
        }
      }
      return end > 0; // else an early release wrote it, which did not say it
    }

    private @Nullable Set<String> named;

    /** What survivors name. */
    private Set<String> named() {
      Set<String> names = named;
      if (names == null) {
        names = new HashSet<>();
        for (TierManifest manifest : survivors.values()) {
          for (BatchReference batch : manifest.batches()) {
            names.add(batch.name());
          }
          names.addAll(manifest.collection().held());
          names.addAll(manifest.collection().lost());
          names.addAll(manifest.collection().pendingDeletes());
        }
        named = names;
      }
      return names;
    }

    private @Nullable List<TierKeys.BatchName> batches;

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

    /** Manifests in gaps; at or below the boundary retention may have deleted them. */
    private List<LostManifests> lost(List<Link> links) {
      List<LostManifests> found = new ArrayList<>();
      for (Link link : links) {
        if (link instanceof Gap gap) {
          long from = Math.max(gap.from(), boundary + 1);
          if (from > gap.through()) {
            continue;
          }
          for (Map.Entry<Long, String> bad : damaged.subMap(from, gap.through() + 1).entrySet()) {
            addMissing(found, from, bad.getKey() - 1);
            found.add(new LostManifests(bad.getKey(), bad.getKey(), bad.getValue()));
            from = bad.getKey() + 1;
          }
          addMissing(found, from, gap.through());
        }
      }
      return found;
    }

    private static void addMissing(List<LostManifests> found, long from, long through) {
      if (from <= through) {
        found.add(new LostManifests(from, through, "manifest is missing"));
      }
    }
  }
}
