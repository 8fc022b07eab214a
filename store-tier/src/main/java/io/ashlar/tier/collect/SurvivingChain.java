package io.ashlar.tier.collect;

import io.ashlar.store.StoreOpenException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectStore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is left of the chain of a checkpoint, manifest by manifest, when objects of it are lost. It
 * writes nothing, and no damage makes it fail.
 *
 * <p><b>Which manifests there were.</b> The newest is the last one that the listing, the hint, a
 * pin or the boundary names. (The boundary lies below a kept manifest.) From there the walk goes
 * down to the first base that survives, or to sequence 1. A lost base that a survivor names changed
 * nothing: the walk continues below it, to what retention has not deleted yet.
 *
 * <p><b>What a lost manifest may have said.</b> Manifests in a row that are lost are a <i>gap</i>.
 * {@link LostGaps} says what they can have changed.
 *
 * <p>Thread: any; immutable. Costs a listing of manifests and pins, a GET for each manifest of the
 * chain, and, if one is lost, a listing of batches.
 */
public final class SurvivingChain {
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

  SurvivingChain(
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
    return new ChainWalk(objects).read(checkpoint);
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
}
