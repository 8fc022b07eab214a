package io.ashlar.tier.collect;

import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.checkpoint.TierManifestCodec;
import io.ashlar.tier.collect.SurvivingChain.Gap;
import io.ashlar.tier.collect.SurvivingChain.Link;
import io.ashlar.tier.collect.SurvivingChain.LostManifests;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What manifests that are lost may have said.
 *
 * <p>Batches are numbered by their writer, and each manifest says below which number everything is
 * settled. The hint says that of the newest manifest, and a claim that of its parent. So the
 * batches of lost manifests have numbers in a known window.
 *
 * <p>Those in the window that no survivor names are the gap's <i>candidates</i>: a lost manifest
 * listed them, or a pass that failed left them. A gap is <i>bounded</i> if it is of one generation
 * and every number of the window is accounted for. Only ids of its candidates can have changed
 * there. Otherwise any id can have.
 *
 * <p>A gap is <i>neutral</i> if it changed nothing. It is then a base that a survivor names, or the
 * claim of a generation, which is always its first manifest.
 *
 * <p>Thread: that of the {@link ChainWalk} which made it.
 */
final class LostGaps {
  private final Collection<TierManifest> survivors;
  private final TierManifestCodec.Hint hint;
  private final long boundary;
  private final Set<Long> lostBases;
  private final NavigableMap<Long, String> damaged;
  private final Supplier<List<TierKeys.BatchName>> batches;
  private @Nullable Set<String> named;

  /**
   * @param survivors manifests that are left, the oldest first.
   * @param hint as it was read; {@code NONE} if it is damaged.
   * @param boundary manifests at or below it may have been dropped.
   * @param lostBases sequences of bases that survivors name and that are lost.
   * @param damaged what is wrong with manifests that are there, by their sequence.
   * @param batches all batches that are there, in the order of their numbers; asked if needed.
   */
  LostGaps(
      Collection<TierManifest> survivors,
      TierManifestCodec.Hint hint,
      long boundary,
      Set<Long> lostBases,
      NavigableMap<Long, String> damaged,
      Supplier<List<TierKeys.BatchName>> batches) {
    this.survivors = survivors;
    this.hint = hint;
    this.boundary = boundary;
    this.lostBases = lostBases;
    this.damaged = damaged;
    this.batches = batches;
  }

  /**
   * Judges manifests in a row that are lost.
   *
   * @param before the survivor before them, or null.
   * @param after the survivor after them, or null.
   * @param from the first one's sequence.
   * @param through the last one's sequence.
   */
  Gap gap(@Nullable TierManifest before, @Nullable TierManifest after, long from, long through) {
    boolean single = from == through;
    if (single && isClaimBetween(before, after)) {
      return new Gap(from, through, true, true, List.of());
    }
    List<String> candidates = new ArrayList<>();
    for (TierKeys.BatchName name : batches.get()) {
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
   * The number below which every batch is settled at the end of a gap. 0 if that is not known, or
   * if the gap is not all of the generation of the manifest before.
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
  private boolean isAccountedFor(@Nullable TierManifest before, long end, List<String> candidates) {
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

  /** What survivors name. */
  private Set<String> named() {
    Set<String> names = named;
    if (names == null) {
      names = new HashSet<>();
      for (TierManifest manifest : survivors) {
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

  /** Manifests in gaps; at or below the boundary retention may have deleted them. */
  List<LostManifests> lost(List<Link> links) {
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
