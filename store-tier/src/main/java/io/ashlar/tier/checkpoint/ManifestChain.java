package io.ashlar.tier.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.tier.object.ObjectNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * All manifests from the base of one of them to it: its state.
 *
 * <p>A manifest's parent is the sequence before its own; {@link TierManifest} refuses any other. So
 * the walk to the base cannot cycle, and the two sequences give the number of steps. Several
 * manifests are read at once. A parent that is absent, of a later generation than its child, or of
 * another base, is damage.
 *
 * @param manifests oldest first, with sequences that follow each other.
 */
public record ManifestChain(List<TierManifest> manifests) {
  /** Most manifests that are walked. */
  public static final int MANIFESTS_MAX = 1_000_000;

  private static final int CONCURRENT_MAX = 16;

  /** Takes a copy. */
  public ManifestChain {
    manifests = List.copyOf(manifests);
  }

  /**
   * Reads the chain up to {@code latest}, several manifests at once.
   *
   * @throws CorruptionException naming the manifest that is absent or damaged, or if there are more
   *     than {@link #MANIFESTS_MAX}; of an absent one the cause is an {@link
   *     ObjectNotFoundException}.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static ManifestChain read(ManifestStore store, TierManifest latest) {
    List<TierManifest> manifests =
        readRange(store, latest.collection().baseSequence(), latest.sequence() - 1);
    manifests.add(latest);
    for (int i = 1; i < manifests.size(); i++) {
      checkParent(manifests.get(i - 1), manifests.get(i));
    }
    return new ManifestChain(manifests);
  }

  /**
   * Reads a range of manifests, several at once.
   *
   * @param first the first sequence, 1 or more.
   * @param last the last one; a range that ends before it begins is empty.
   * @return all of them, oldest first, in a list of the caller's.
   * @throws CorruptionException naming the one that is absent or damaged, or if there are more than
   *     {@link #MANIFESTS_MAX}; of an absent one the cause is an {@link ObjectNotFoundException}.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static List<TierManifest> readRange(ManifestStore store, long first, long last) {
    if (last - first >= MANIFESTS_MAX) {
      throw new CorruptionException(
          "too many manifests: newest=" + TierKeys.manifest(last),
          null,
          -1,
          MANIFESTS_MAX,
          last - first + 1,
          null);
    }
    List<TierManifest> manifests = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      long next = first;
      while (next <= last) {
        List<CompletableFuture<TierManifest>> group = new ArrayList<>();
        for (; next <= last && group.size() < CONCURRENT_MAX; next++) {
          long sequence = next;
          group.add(FutureOutcomes.supply(() -> require(store, sequence), threads));
        }
        manifests.addAll(joinAll(group));
      }
    }
    return manifests;
  }

  /** Waits for all of them, so that no request outlives this call, and then fails if one did. */
  private static List<TierManifest> joinAll(List<CompletableFuture<TierManifest>> group) {
    try {
      CompletableFuture.allOf(group.toArray(CompletableFuture[]::new)).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
    return group.stream().map(CompletableFuture::join).toList();
  }

  private static TierManifest require(ManifestStore store, long sequence) {
    TierManifest manifest = store.find(sequence);
    if (manifest == null) {
      throw new CorruptionException(
          "a manifest of the chain is missing: object=" + TierKeys.manifest(sequence),
          null,
          -1,
          sequence,
          0,
          store.absent(sequence));
    }
    return manifest;
  }

  private static void checkParent(TierManifest parent, TierManifest child) {
    if (parent.collection().baseSequence() != child.collection().baseSequence()) {
      throw new CorruptionException(
          "a manifest has another base than the one that follows it: object=" + parent.key(),
          null,
          -1,
          child.collection().baseSequence(),
          parent.collection().baseSequence(),
          null);
    }
    if (parent.generation() > child.generation()) {
      throw new CorruptionException(
          "a manifest is of a later generation than the one that follows it: object="
              + parent.key(),
          null,
          -1,
          child.generation(),
          parent.generation(),
          null);
    }
  }

  /** The newest. */
  public TierManifest latest() {
    return manifests.getLast();
  }

  /** All batches, the one that applies last first. */
  public List<BatchReference> batchesNewestFirst() {
    List<BatchReference> batches = new ArrayList<>();
    for (TierManifest manifest : manifests) {
      batches.addAll(manifest.batches());
    }
    return batches.reversed();
  }
}
